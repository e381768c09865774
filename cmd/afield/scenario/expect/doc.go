// Package expect is what may be expected of a step: it looks at how things
// stand before and after, and says what came out differently. reasons.go lists
// the codes by which the program refuses.
//
// To add something that can be expected, name it in promises.go.
//
//	before, err := expect.Look(play, step)
//	differences := expect.Compare(play, step, did, before, after)
package expect
