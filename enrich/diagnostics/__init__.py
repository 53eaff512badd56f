"""Looking at an app from outside: its store, its checks."""
