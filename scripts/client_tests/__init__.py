"""Suites in which Ethereum's usual clients use a node: cast and forge here, the JavaScript ones in packages/clients."""
