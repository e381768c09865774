// Package reference tells people how a policy is written: each attribute with its
// meaning, the keys and words of its value, the facts its condition may name, its
// default and an example from a policy that ships. All but the meanings is read
// from the program itself, so that it cannot be out of date.
package reference
