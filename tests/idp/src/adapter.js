// Where a provider keeps registered clients and the like: a map, so that the providers of an
// issuer's key generations share it.

export function adapterFor() {
  const stored = new Map();

  return class MapAdapter {
    constructor(model) {
      this.model = model;
    }

    key(id) {
      return `${this.model}:${id}`;
    }

    async upsert(id, payload) {
      stored.set(this.key(id), payload);
    }

    async find(id) {
      return stored.get(this.key(id));
    }

    async consume(id) {
      const payload = stored.get(this.key(id));
      if (payload) payload.consumed = Math.floor(Date.now() / 1000);
    }

    async destroy(id) {
      stored.delete(this.key(id));
    }

    // What belongs to a person in a browser; none comes here.
    async findByUid() {}

    async findByUserCode() {}

    async revokeByGrantId() {}
  };
}
