"""Pictures of clips, models and trainings: arrays in, a matplotlib Figure out.

Conventions
-----------
- Pictures are 9 inches wide, 900 pixels; printed 7 inches wide, their text of 9 points has 7.
  Places and sizes are inches; a place is measured from the upper left corner.
- Time is in seconds; frame t is drawn from t * hop to (t + 1) * hop samples, so that an event's
  bar ends where its frames end.  Mel bands are labelled in hertz.
- Heat maps: cividis for log-mel, viridis for masks.  Classes and models: the palette of Okabe and
  Ito 2008, "Color universal design", and a line style or a hatch each, so that grey prints tell
  them apart.
- Names of classes, models and clips are drawn as they are: nothing is read as mathematics.
- No pyplot and no lasting change of matplotlib's settings.  Same arrays, same bytes.

Modules, to be imported by name.  Of a clip: `truth` (draw_truth), `clip` (draw_clip), `masks`
(draw_masks), `decisions` (draw_decisions), `colours` (draw_colours), `method` (draw_method).  Of
models: `history` (draw_history), `models` (draw_models), `classes` (draw_classes), `curves`
(draw_curves), `noise` (draw_noise).  For them: `clip_data` (ClipData), `from_stores` (load_clip,
load_mixture), `style` (save, save_all).
"""
