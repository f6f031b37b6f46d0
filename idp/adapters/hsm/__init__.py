"""Contains signing keys in hardware, over PKCS#11. Not here: which key signs (`signing`)."""
