"""`lddu serve`: a page on this machine, and the same over HTTP.

The process that answers browsers (Starlette, uvicorn) holds no model. Clips are read and answered in one process beside it, one
after the other, so that a file that hangs or crashes a decoder costs itself alone.
"""
