"""Harbor, the theme that Backstay ships with: tokens, style sheets and icons; no templates."""
