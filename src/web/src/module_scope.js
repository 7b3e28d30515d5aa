// Stands at the top of the module's own scope. Where libsodium draws random bytes it asks `self` for them, which pages
// and workers have and Node does not.
var self = globalThis;
