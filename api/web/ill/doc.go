// Package ill is the interlibrary loan desk: the queue of requests, one request
// with what can be done about it, a new request, and the lending side.
//
// Labels of states and acts come from the workflow tables as they stand there; the
// pages decide nothing about them but where they stand.
package ill
