module signet.dev/controlplane/leash

go 1.26.0
