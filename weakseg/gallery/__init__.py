"""One page to look at clips and listen to them: it opens from the disk, and uses no network.

Conventions
-----------
- Pictures (PNG) and sounds (Opus) lie in the page as data: URIs; its script and style are allowed
  by their hashes (Content-Security-Policy), everything else is forbidden.
- All that depends on data is one JSON document in the page, in which `<` is escaped; the script
  puts it on the page as text, never as HTML.
- Same clips, same bytes.
- Truth is optional throughout, so that recordings of which nothing is known are shown by the same
  page: `true_events` None, `mask_truth` and `true_stems` empty, tables None.

Modules, to be imported by name: `clip` (GalleryClip, ModelView), `write` (write_gallery), `choose`
(which clips), `from_run` (clips of a finished run), `stems` (their separated sounds); `sounds`,
`pictures`, `describe`, `excerpt`, `budget`, `tables` and `document` make the parts of the page, and
`page/` has its HTML, style, scripts and libraries.
"""
