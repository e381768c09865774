package app

import (
	"sync"

	"afield/broker"
	"afield/broker/directory"
	"afield/broker/policy"
)

// policies keeps parsed policy documents: they never change, and parsing takes
// milliseconds.
type policies struct {
	read func(name string) (*policy.Document, error)
	mu   sync.RWMutex
	kept map[string]*policy.Document
}

func newPolicies(read func(string) (*policy.Document, error)) *policies {
	if read == nil {
		read = policy.Preset
	}
	return &policies{read: read, kept: map[string]*policy.Document{}}
}

func (p *policies) named(name string) (*policy.Document, error) {
	p.mu.RLock()
	document := p.kept[name]
	p.mu.RUnlock()
	if document != nil {
		return document, nil
	}
	document, err := p.read(name)
	if err != nil {
		return nil, err
	}
	p.mu.Lock()
	p.kept[name] = document
	p.mu.Unlock()
	return document, nil
}

func (p *policies) of(library directory.Library, _ broker.ID, _ broker.Date) (*policy.Document, error) {
	return p.named(library.Policy)
}
