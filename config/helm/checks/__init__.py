"""Checks of the chart. `config/helm/check` prepares what they need and runs them."""
