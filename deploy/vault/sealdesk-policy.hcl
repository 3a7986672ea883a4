# What Sealdesk does with the Transit engine, and nothing more. No "create" on encrypt: with it, an
# encryption under a key that is gone would make the key anew.
path "transit/keys/*"         { capabilities = ["create", "read", "update", "delete"] }
path "transit/encrypt/*"      { capabilities = ["update"] }
path "transit/decrypt/*"      { capabilities = ["update"] }
path "transit/sign/*"         { capabilities = ["update"] }
path "transit/hmac/*"         { capabilities = ["update"] }
path "auth/token/lookup-self" { capabilities = ["read"] }
path "auth/token/renew-self"  { capabilities = ["update"] }

# Keys that leave the engine would be no keys of it.
path "transit/export/*" { capabilities = ["deny"] }
path "transit/backup/*" { capabilities = ["deny"] }
