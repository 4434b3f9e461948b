"""What `tamna import` can take, one module each."""
