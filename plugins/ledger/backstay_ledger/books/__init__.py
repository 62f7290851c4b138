"""The books as others read them: what is behind the contract ``backstay.contracts.books``."""
