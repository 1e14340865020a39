"""`lddu serve`: a page on this machine, and the same over HTTP.

The server process (Starlette, uvicorn) holds no model. Clips are read and answered in one worker process, one after the
other, so that a file that hangs or crashes a decoder costs itself alone.
"""
