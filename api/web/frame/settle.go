package frame

import "net/http"

// Done ends an act that was done: the next page says so in a word.
func (v *Visit) Done(to, said string) error {
	v.Tell(Toast{Text: said})
	return v.Go(to)
}

// Refused ends an act that was not done: the page is shown again with what stood in
// the way. What no page can show beside its form is returned.
func (v *Visit) Refused(err error, again func(*Trouble) error) error {
	if trouble := v.Trouble(err); trouble != nil {
		return again(trouble)
	}
	return err
}

// ShowWith is Show under the status of what stood in the way; nil for nothing.
func (v *Visit) ShowWith(trouble *Trouble, page string, head Head, body any) error {
	status := http.StatusOK
	if trouble != nil {
		status = trouble.Status
	}
	return v.ShowAs(status, page, head, body)
}
