# Exactly what Sealdesk needs from the Transit engine. It gives no "create" on encrypt, because then an
# encryption under a missing key would create that key.
path "transit/keys/*"         { capabilities = ["create", "read", "update", "delete"] }
path "transit/encrypt/*"      { capabilities = ["update"] }
path "transit/decrypt/*"      { capabilities = ["update"] }
path "transit/sign/*"         { capabilities = ["update"] }
path "transit/hmac/*"         { capabilities = ["update"] }
path "auth/token/lookup-self" { capabilities = ["read"] }
path "auth/token/renew-self"  { capabilities = ["update"] }

# Keys must not leave the engine.
path "transit/export/*" { capabilities = ["deny"] }
path "transit/backup/*" { capabilities = ["deny"] }
