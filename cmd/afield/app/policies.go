package app

import (
	"context"
	"time"

	"afield/broker/policy/published"
	"afield/broker/standing"
)

// policiesAge is how long a policy version published by another process may go
// unnoticed, in wall time.
const policiesAge = 5 * time.Second

// policies gives libraries' policy documents: what was published, from memory,
// or what a test uses instead.
type policies struct {
	*published.Source
	rules standing.Policies
	stop  context.CancelFunc
	ended chan struct{}
}

// startPolicies reads what was published and keeps checking for newer versions.
func startPolicies(ctx context.Context, config Config) (*policies, error) {
	p := &policies{Source: published.NewSource(), ended: make(chan struct{})}
	p.rules = p.Rules
	if config.Policies != nil {
		p.rules = standing.ByName(config.Policies)
	}
	if err := p.Refresh(ctx, config.DB); err != nil {
		return nil, err
	}
	watching, stop := context.WithCancel(context.WithoutCancel(ctx))
	p.stop = stop
	go p.watch(watching, config)
	return p, nil
}

func (p *policies) watch(ctx context.Context, config Config) {
	defer close(p.ended)
	looks := time.NewTicker(policiesAge)
	defer looks.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-looks.C:
		}
		if err := p.Refresh(ctx, config.DB); err != nil && ctx.Err() == nil {
			config.Log.Warn("new policy versions could not be read; the known ones rule on", "error", err)
		}
	}
}

func (p *policies) close() {
	p.stop()
	<-p.ended
}
