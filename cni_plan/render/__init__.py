"""How results look: tables, records, commands."""
