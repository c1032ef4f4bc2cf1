//go:build !linux || !(amd64 || arm64)

package duplex

func kernelQueue(any, bool) (waiting, mark int) { return 0, 0 }
