"""Texts for other tools, one module for each target format."""
