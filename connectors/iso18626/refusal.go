package iso18626

// refusal is why a message is not taken, in the words of errorData.
type refusal struct{ kind, value string }

// The types of errors.
const (
	errorAction  = "UnsupportedActionType"
	errorReason  = "UnsupportedReasonForMessageType"
	errorElement = "UnrecognisedDataElement"
	errorValue   = "UnrecognisedDataValue"
	errorForm    = "BadlyFormedMessage"
)

// Error gives both parts.
func (r refusal) Error() string { return r.kind + ": " + r.value }
