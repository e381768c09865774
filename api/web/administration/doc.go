// Package administration is what directors and the consortium's operators see to:
// how far the set-up has come, the libraries with their branches, hours, reach and
// terms, who may sign in, and the log of what was changed.
//
// Each form writes a part of a consortium's file and asks first what it would
// change: that is shown in words, with a reason to give, and only then done.
package administration
