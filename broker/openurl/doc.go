// Package openurl reads OpenURLs, the links by which databases, discovery layers and
// link resolvers hand over what somebody looks at: version 1.0 (Z39.88-2004, keys and
// values) and 0.1, and the mixtures of both that are found.
//
//	wish := openurl.Read(request.URL.RawQuery)
//	wish.Citation, wish.Copy, wish.Note
//
// What a citation has no place for (other authors, the place, an LCCN) and what nobody
// here understands stands in the note: nothing is lost. The exceptions are what
// a link says of the person who clicked it (req_…), which nobody needs, and what it
// says of itself.
//
// A link is a stranger's: it is read up to a length, signs that cannot be seen are
// taken out, and nothing that it names is ever fetched.
package openurl
