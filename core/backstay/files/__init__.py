"""The one store of files: uploads, attachments, results of exports, pictures of pages."""
