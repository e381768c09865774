// Package strictyaml reads YAML that people write: policies, and the file of a
// consortium. It knows the line and column of every mistake, quietly converts
// nothing, and refuses text that is too long, too deep, or that grows when it is
// read (anchors and aliases).
//
// A policy reads its parts with Decode, which stops at what it cannot take. Read
// takes all that is right and lists everything that is wrong, so that what the
// words mean can be judged in the same go:
//
//	var said file
//	written, err := strictyaml.Read(text, strictyaml.Bounds{Bytes: 1 << 20, Depth: 12}, &said)
//	written.Wrong("/libraries/2/zone", "is not a time zone")
//	return written.Mistakes()
package strictyaml
