"""A second implementation of Sealdesk's formats, written from docs/crypto.md and docs/protocol.md."""
