package rest

import (
	"context"
	"net/http"
	"strings"
	"time"

	"github.com/labstack/echo/v4"
	"github.com/swaggest/swgui"
	"github.com/swaggest/swgui/v5emb"
)

// health is the answer about the server itself; see Health in the contract.
type health struct {
	Status  string            `json:"status"`
	Version string            `json:"version,omitempty"`
	Checks  map[string]string `json:"checks,omitempty"`
}

// about answers the routes about the server itself.
type about struct {
	Deps
	document []byte // openapi.json
}

func (s about) routes(e *echo.Echo) {
	e.GET("/healthz", s.healthz)
	e.GET("/readyz", s.readyz)
	e.GET("/openapi.json", func(c echo.Context) error {
		return c.Blob(http.StatusOK, echo.MIMEApplicationJSON, s.document)
	})
	docs := docsHandler()
	e.GET("/docs", docs)
	e.GET("/docs/*", docs)
}

func (s about) healthz(c echo.Context) error {
	return c.JSON(http.StatusOK, health{Status: "ok", Version: s.Version})
}

// readyTime bounds one check of readiness.
const readyTime = 3 * time.Second

func (s about) readyz(c echo.Context) error {
	ctx, cancel := context.WithTimeout(c.Request().Context(), readyTime)
	defer cancel()
	answer := health{Status: "ok", Version: s.Version, Checks: map[string]string{}}
	status := http.StatusOK
	for name, check := range s.Ready {
		answer.Checks[name] = "ok"
		if err := check(ctx); err != nil {
			// The caller is told no more than the part's name; the log has the rest.
			s.Log.Warn("not ready", "part", name, "error", err.Error())
			answer.Checks[name], answer.Status, status = "unavailable", "unavailable", http.StatusServiceUnavailable
		}
	}
	return c.JSON(status, answer)
}

// docsPolicy lets the docs page run the script it carries in itself.
const docsPolicy = "default-src 'self'; script-src 'self' 'unsafe-inline'; style-src 'self' 'unsafe-inline'; " +
	"img-src 'self' data:; base-uri 'none'; frame-ancestors 'none'; object-src 'none'"

// docsHandler serves Swagger UI from files inside the program. It asks no other
// server for anything: the validator badge is off and every asset is ours.
func docsHandler() echo.HandlerFunc {
	pages := v5emb.NewHandlerWithConfig(swgui.Config{
		Title: "Afield API", SwaggerJSON: "/openapi.json", BasePath: "/docs/",
		HideCurl: false, JsonEditor: false, ShowTopBar: false,
		SettingsUI: map[string]string{"validatorUrl": "null", "docExpansion": `"none"`, "defaultModelsExpandDepth": "0"},
	})
	return func(c echo.Context) error {
		c.Response().Header().Set("Content-Security-Policy", docsPolicy)
		request := c.Request()
		if request.URL.Path == "/docs" {
			request = request.Clone(request.Context())
			request.URL.Path = "/docs/"
		}
		if strings.Contains(request.URL.Path, "..") {
			return echo.ErrNotFound
		}
		pages.ServeHTTP(c.Response(), request)
		return nil
	}
}
