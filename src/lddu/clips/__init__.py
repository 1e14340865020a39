"""Raw clips to features."""
