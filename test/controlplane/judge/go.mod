module signet.dev/controlplane/judge

go 1.26.0
