"""The verbs of the `tamna` command, one module each."""
