// What the module of the tests is for: litewitness, which tests/setup builds.
package main

import _ "filippo.io/torchwood"
import _ "golang.org/x/mod/sumdb/note"

func main() {}
