"""What every effect on the host stands on."""
