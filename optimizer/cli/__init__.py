"""The command `hro`."""
