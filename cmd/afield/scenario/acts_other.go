package scenario

func otherActs() []act {
	return []act{
		{word: "look", says: "Do nothing: see how things stand at that moment.", fields: []field{
			{word: "patron", kind: nameOf("patron"), says: "Whose account."},
			{word: "item", kind: nameOf("item"), says: "Which item."},
			{word: "request", kind: nameOf("request"), says: "Which request."},
		}, run: func(*play, step) (result, error) { return result{}, nil }},
	}
}
