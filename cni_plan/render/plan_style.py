"""The style sheet of a plan's page: for a desktop, a phone and paper."""

STYLE = """
:root { --ink: #1a1a1a; --soft: #555; --line: #d0d0d0; --wash: #f6f6f4; --blue: #0072b2; --vermillion: #d55e00;
  --orange: #e69f00; color-scheme: light; }
* { box-sizing: border-box; }
html { -webkit-text-size-adjust: 100%; text-size-adjust: 100%; scroll-behavior: auto; }
body { margin: 0 auto; max-width: 70rem; padding: 2rem 1.5rem 4rem; color: var(--ink); background: #fff;
  font: 16px/1.5 system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", Arial, sans-serif;
  overflow-wrap: anywhere; -webkit-print-color-adjust: exact; print-color-adjust: exact; }
h1 { font-size: 1.9rem; line-height: 1.2; margin: 0 0 .5rem; font-weight: 650; letter-spacing: -.01em; }
h2 { font-size: 1.3rem; line-height: 1.25; margin: 3rem 0 1rem; padding-top: .75rem;
  border-top: 2px solid var(--ink); }
h3 { font-size: 1.05rem; line-height: 1.3; margin: 0 0 .25rem; }
p { margin: .5rem 0; max-width: 46rem; }
a { color: #005a8c; }
a:focus-visible, .scroll:focus-visible { outline: 2px solid var(--blue); outline-offset: 2px; }
code, .code { font-family: ui-monospace, "SF Mono", Menlo, Consolas, "Liberation Mono", monospace; font-size: .875em; }
.soft, figcaption, caption { color: var(--soft); }
.summary { font-size: 1.05rem; margin: .75rem 0 0; }
nav ul { list-style: none; display: flex; flex-wrap: wrap; gap: .25rem 1.25rem; margin: 1.25rem 0 0; padding: .6rem 0;
  border-top: 1px solid var(--line); border-bottom: 1px solid var(--line); font-size: .925rem; }
svg.defs { position: absolute; }

.fit { display: inline-block; white-space: nowrap; font-weight: 600; font-size: .875em; padding-left: 1.1em;
  position: relative; }
.fit::before { content: ""; position: absolute; left: 0; top: .4em; width: .72em; height: .72em; }
.fit.yes { font-weight: 400; }
.fit.yes::before { background: var(--blue); border-radius: 50%; }
.fit.no::before { background: var(--vermillion); }
.fit.unknown::before { background: var(--orange); transform: rotate(45deg) scale(.85); border: 1px solid var(--ink); }
.verdict { border-left: .5rem solid var(--blue); padding-left: 1rem; }
.verdict.no { border-left-color: var(--vermillion); border-left-style: double; }
.verdict.unknown { border-left-color: var(--orange); border-left-style: dashed; }

.scroll { overflow-x: auto; margin: 0 -2px 1.25rem; padding: 0 2px; position: relative; }
table { border-collapse: collapse; width: 100%; font-size: .9rem; font-variant-numeric: tabular-nums; }
caption { text-align: left; padding: 0 0 .4rem; font-size: .9rem; caption-side: top; }
caption span { display: inline-block; max-width: calc(100vw - 2rem); position: sticky; left: 0; }
th, td { overflow-wrap: break-word; text-align: left; vertical-align: top; padding: .4rem .9rem .4rem 0;
  border-bottom: 1px solid var(--line); }
th:last-child, td:last-child { padding-right: 2px; }
thead th { font-size: .8rem; font-weight: 600; color: var(--soft); white-space: nowrap; vertical-align: bottom;
  border-bottom: 1px solid var(--ink); overflow-wrap: normal; }
tbody th { font-weight: 600; white-space: nowrap; }
tbody th.long { white-space: normal; }
.long { overflow-wrap: anywhere; min-width: 12rem; }
th.number, td.number { text-align: right; white-space: nowrap; }
td.words { min-width: 12rem; overflow-wrap: anywhere; }
td.formula { min-width: 14rem; }
tr.chosen { background: var(--wash); }
tr.chosen th, tr.chosen td { font-weight: 650; }
td.level { min-width: 6.5rem; }
td.level .fit { font-size: .8em; }
.nowrap { white-space: nowrap; overflow-wrap: normal; }
table.stacked caption { position: absolute; clip-path: inset(50%); width: 1px; height: 1px; overflow: hidden; }
tbody th .soft { font-weight: 400; font-size: .875em; }

svg.bar { display: block; width: 100%; height: .6rem; margin: .3rem 0 .15rem; overflow: visible; }
svg.bar .track, svg.bar .best { stroke: #767676; stroke-width: 1px; }
svg.bar .best { stroke-dasharray: 2 2; }
svg.bar .beyond { stroke: #a34700; stroke-width: 1px; }
svg.bar .perhaps { stroke: #1a1a1a; stroke-width: .75px; }
svg.bar .end { stroke: #1a1a1a; stroke-width: 2px; }
.legend { display: flex; flex-wrap: wrap; gap: .3rem 1.5rem; list-style: none; margin: 0 0 1.25rem; padding: 0;
  font-size: .85rem; color: var(--soft); }
.legend li { display: flex; align-items: center; gap: .5rem; }
.legend svg { flex: none; }
.legend svg.bar { width: 3.5rem; margin: 0; }

article { margin: 0 0 2.75rem; }
.facts { margin: 0 0 .75rem; font-size: .9rem; color: var(--soft); max-width: none; }
figure { margin: 0; }
figcaption { font-size: .875rem; margin-bottom: .4rem; }
svg.map { display: block; max-width: none; }
svg.map text, svg.curve text { fill: var(--ink); font-family: inherit; }
.curves { display: grid; grid-template-columns: repeat(auto-fill, minmax(min(100%, 25rem), 1fr)); gap: 2rem 2.5rem; }
svg.curve { display: block; width: 100%; height: auto; font-size: 12.5px; }
svg.curve .grid { stroke: #e2e2e2; }
svg.curve .tick, svg.curve .axis { stroke: #555; }
svg.curve .held { fill: none; stroke: var(--blue); stroke-width: 2.5; }
svg.curve .used { fill: none; stroke: var(--vermillion); stroke-width: 2; stroke-dasharray: 6 3; }
svg.curve .planned { stroke: #1a1a1a; stroke-dasharray: 1.5 2.5; }
svg.curve .point { fill: #fff; stroke: #1a1a1a; stroke-width: 1.5; }
svg.curve .name-held, svg.curve .name-used, svg.curve .name-planned { font-weight: 600; }
.curves ul { margin: .25rem 0 0; padding-left: 1.1rem; font-size: .875rem; }

.findings { list-style: none; margin: 0 0 1.5rem; padding: 0; }
.findings li { border-left: 4px solid var(--line); padding: .1rem 0 .1rem 1rem; margin: 0 0 1rem; max-width: 50rem; }
.findings.error li { border-left: 6px double var(--vermillion); }
.findings.warning li { border-left: 4px dashed var(--orange); }
.findings p { margin: .1rem 0; }
.findings .soft { font-size: .875rem; }
footer { margin-top: 3rem; font-size: .85rem; color: var(--soft); }

@media (max-width: 44rem) {
  body { padding: 1.25rem .75rem 3rem; font-size: 15px; }
  h1 { font-size: 1.5rem; }
  h2 { margin-top: 2.25rem; }
  .verdict { padding-left: .75rem; }
  tbody th, thead th:first-child { position: sticky; left: 0; z-index: 1; background: #fff; }
  tr.chosen th { background: var(--wash); }
  .long { min-width: 9rem; }
  table.stacked, table.stacked tbody { display: block; }
  table.stacked thead { position: absolute; clip-path: inset(50%); width: 1px; height: 1px; overflow: hidden; }
  table.stacked tr { display: grid; grid-template-columns: 6fr 7fr; gap: 0 .75rem; padding: .5rem 0;
    border-bottom: 1px solid var(--line); }
  table.stacked th, table.stacked td { border: 0; padding: .1rem 0; min-width: 0; }
  table.stacked td.level { align-self: end; }
  table.stacked th, table.stacked td.words, table.stacked td:nth-child(2):nth-last-child(2) { grid-column: 1 / -1; }
}

@page { margin: 14mm; }
@media print {
  html { font-size: 9.5pt; }
  body { max-width: none; padding: 0; font-size: 1rem; line-height: 1.4; }
  h2 { margin-top: 8mm; }
  h2, h3, h2 + p, .legend, .facts, figcaption, caption { break-after: avoid; }
  nav { display: none; }
  a { color: inherit; text-decoration: none; }
  .scroll { overflow: visible; }
  table { font-size: 8pt; }
  th, td { padding: 1mm 2mm 1mm 0; }
  thead { display: table-header-group; }
  thead th { white-space: normal; font-size: 7.5pt; }
  table, tr, figure, p, .findings li, .facts, .legend { break-inside: avoid; }
  th, td { overflow-wrap: anywhere; }
  .long, td.level, td.words, td.formula { min-width: 0; }
  caption span { max-width: none; }
  svg.map { max-width: 100%; height: auto; }
  .curves { grid-template-columns: 1fr 1fr; gap: 6mm; }
  p, li { orphans: 3; widows: 3; }
}
"""
