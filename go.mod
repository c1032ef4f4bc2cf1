module github.com/duplex-go/duplex

go 1.26
