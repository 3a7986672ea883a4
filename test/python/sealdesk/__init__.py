"""A second implementation of Sealdesk's formats, as docs/crypto.md and docs/protocol.md define them."""
