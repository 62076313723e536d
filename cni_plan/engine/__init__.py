"""The sizing rules: pure arithmetic over values, without input, output, clock or environment."""
