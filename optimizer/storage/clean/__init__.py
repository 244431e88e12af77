"""Caches and logs that may go, by rules that are data: one TOML file each in rules/."""
