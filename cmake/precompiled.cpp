// Nothing: a target whose headers are precompiled for others wants one file of its own.
