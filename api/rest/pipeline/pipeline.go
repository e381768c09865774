package pipeline

import (
	"log/slog"
	"time"

	"github.com/labstack/echo/v4"
	"github.com/prometheus/client_golang/prometheus"
)

// Pipeline is made once and passed by every call.
type Pipeline struct {
	base     *Base
	contract *contract
	figures  *figures
	log      *slog.Logger
}

// New reads the contract and registers the figures. An error means that the
// program is at fault: its contract does not hold together or does not say who
// may call a route, or two servers count into one registry.
func New(base *Base, log *slog.Logger, metrics prometheus.Registerer) (*Pipeline, error) {
	read, err := ours()
	if err != nil {
		return nil, err
	}
	counted, err := newFigures(metrics)
	if err != nil {
		return nil, err
	}
	return &Pipeline{base: base, contract: read, figures: counted, log: log}, nil
}

// Middleware is what every call to the server passes, whatever its route, and
// how long it may take.
func (p *Pipeline) Middleware(timeout time.Duration) []echo.MiddlewareFunc {
	return []echo.MiddlewareFunc{identify, observe(p.log, p.figures), survive(p.log), secure, bound(timeout)}
}

// Admission is what each operation of the contract passes besides, by its id.
func (p *Pipeline) Admission() map[string][]echo.MiddlewareFunc {
	admitted := map[string][]echo.MiddlewareFunc{}
	for id, op := range p.contract.operations {
		admitted[id] = []echo.MiddlewareFunc{p.admit(op)}
	}
	return admitted
}

// Document is the contract as openapi.json.
func (p *Pipeline) Document() []byte { return p.contract.json }
