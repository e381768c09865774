package broker

// Page asks for part of a list: at most Limit rows, after the row named After
// (NoID: from the beginning).
type Page struct {
	After ID
	Limit int
}
