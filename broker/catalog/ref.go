package catalog

import "afield/broker"

// Ref names an item of a library.
type Ref struct {
	Library broker.ID
	ID      broker.ID
}

// Ref names the item.
func (i Item) Ref() Ref { return Ref{i.Library, i.ID} }
