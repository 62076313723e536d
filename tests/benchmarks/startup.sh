#!/usr/bin/env bash
# Start-up against `import typer`, and the whole table against one type. Needs hyperfine, and cni-plan installed from a
# wheel: an editable install compiles its modules at every start where Python may not write bytecode.
#   tests/benchmarks/startup.sh [DIRECTORY OF THE ENVIRONMENT]
set -euo pipefail
environment=${1:-.venv}
python=$environment/bin/python
tool="$python $environment/bin/cni-plan"
hyperfine --shell=none --warmup 3 --runs 40 \
  --command-name 'import typer' "$python -c 'import typer'" \
  --command-name 'one type' "$tool max-pods -t t3.large" \
  --command-name 'whole table' "$tool max-pods -t *" \
  --command-name 'whole table as JSON' "$tool max-pods -t * -o json"
