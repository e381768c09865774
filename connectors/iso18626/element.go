package iso18626

import "strings"

// element is one element of a message: its local name, and either text or more
// elements.
type element struct {
	name, scheme, text string
	kids               []*element
}

// el makes an element of those kids that are there; nil when none is.
func el(name string, kids ...*element) *element {
	made := &element{name: name}
	for _, kid := range kids {
		if kid != nil {
			made.kids = append(made.kids, kid)
		}
	}
	if len(made.kids) == 0 {
		return nil
	}
	return made
}

// leaf makes an element with text; nil when there is none.
func leaf(name, text string) *element {
	if text == "" {
		return nil
	}
	return &element{name: name, text: text}
}

// empty makes an element that is there although it says nothing.
func empty(name string) *element { return &element{name: name} }

// with adds kids and gives the element back.
func (e *element) with(kids ...*element) *element {
	for _, kid := range kids {
		if kid != nil {
			e.kids = append(e.kids, kid)
		}
	}
	return e
}

// at gives the first element of a path, nil where there is none.
func (e *element) at(path ...string) *element {
	for _, name := range path {
		if e = e.first(name); e == nil {
			return nil
		}
	}
	return e
}

func (e *element) first(name string) *element {
	if e == nil {
		return nil
	}
	for _, kid := range e.kids {
		if kid.name == name {
			return kid
		}
	}
	return nil
}

// all gives the kids of a name.
func (e *element) all(name string) (found []*element) {
	if e == nil {
		return nil
	}
	for _, kid := range e.kids {
		if kid.name == name {
			found = append(found, kid)
		}
	}
	return found
}

// says gives the text at a path without the blanks around it.
func (e *element) says(path ...string) string {
	if found := e.at(path...); found != nil {
		return strings.TrimSpace(found.text)
	}
	return ""
}
