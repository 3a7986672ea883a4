#!/bin/sh
# Sets up Transit, the policy and an AppRole on a server in development mode. You may run it again.
set -eu
until bao status >/dev/null 2>&1; do sleep 1; done
bao secrets list | grep -q '^transit/' || bao secrets enable transit
bao auth list | grep -q '^approle/' || bao auth enable approle
bao policy write sealdesk /set-up/sealdesk-policy.hcl
bao write auth/approle/role/sealdesk token_policies=sealdesk token_ttl=1h token_max_ttl=24h
bao write auth/approle/role/sealdesk/role-id role_id="$VAULT_ROLE_ID"
bao write auth/approle/role/sealdesk/custom-secret-id secret_id="$VAULT_SECRET_ID"
