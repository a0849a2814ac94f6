module probant.example/interop/note

// Debian 12's Go is 1.19: v0.20.0 is the newest x/mod that it compiles.
go 1.18

require golang.org/x/mod v0.20.0
