# Danqing in English. Keys stand in the order of the window; zh-CN.ftl has the same ones.

program-name = Danqing
window-title = Danqing

## Actions: buttons, menus, the palette and the sheet of keys
action-generate = Generate
action-generate-next = Generate before all others
action-cancel = Cancel the running job
action-watch = Show what is being painted
action-cancel-waiting = Remove all waiting and failed jobs
action-pause-queue = Pause or resume the queue
action-focus-prompt = Go to the prompt
action-earlier-prompt = Earlier prompt
action-later-prompt = Later prompt
action-draw-seed = Draw a new seed
action-hold-seed = Hold or release the seed
action-swap-sides = Swap width and height
action-undo = Undo
action-redo = Redo
action-open = Open presets or pictures…
action-paste-text = Import from text…
action-save-preset = Save as preset…
action-search-gallery = Search the gallery
action-show-queue = Show the queue
action-show-info = Show picture information
action-next-picture = Next picture
action-previous-picture = Previous picture
action-next-row = Picture below
action-previous-row = Picture above
action-star = Star the picture
action-trash = Move to trash
action-copy-picture = Copy picture
action-copy-prompt = Copy prompt
action-reveal = Show in folder
action-open-folder = Open the gallery folder
action-export = Export…
action-reuse-all = Reuse all settings
action-reuse-prompt = Reuse the prompt
action-reuse-seed = Reuse the seed
action-reuse-size = Reuse the size
action-zoom-fit = Fit to window
action-zoom-actual = Actual pixels
action-zoom-in = Zoom in
action-zoom-out = Zoom out
action-compare-sides = Compare side by side
action-hold-to-compare = Compare others with this picture
action-compare-slider = Compare with a slider
action-fold-left = Fold the left column
action-fold-right = Fold the right column
action-only-picture = Show only the picture
action-models = Models
action-add-model = Add a model…
action-settings = Settings
action-system = System
action-keys = Keyboard shortcuts
action-palette = Search all commands
action-notices = Messages
action-dismiss-notices = Dismiss all messages
action-switch-language = Switch between Chinese and English
action-switch-theme = Switch between light, dark and system
action-restart-engine = Restart Danqing
action-quit = Quit

## Why a control is off
why-empty-prompt = Write what the picture should show
why-prompt-too-long = The prompt is too long; shorten it
why-control-character = The prompt holds an invisible control character; remove it
why-request = { $reason }
why-seed = The seed must be a whole number
why-no-model = No model is loaded; choose one under Models
why-device-lost = The device stopped working; restart Danqing
why-editing = A waiting job is being edited; save or leave it first
why-nothing-runs = Nothing is running
why-nothing-waits = No job is waiting
why-no-history = There are no earlier prompts yet
why-no-later-prompt = This is the latest prompt
why-nothing-to-undo = There is nothing to undo
why-nothing-to-redo = There is nothing to redo
why-no-pictures = The gallery is empty
why-no-picture = Choose a picture first
why-preview = A preview covers the picture; choose it in the gallery first
why-no-metadata = This picture does not say how it was made
why-one-picture = Comparing takes two pictures

## The bar above
model-none = No model
model-loading = Loading { $name }…
model-device-lost = Device lost
model-demo-badge = Small demo model

## Offers
banner-recovery = { $count ->
        [one] One job was waiting when Danqing last closed
       *[other] { $count } jobs were waiting when Danqing last closed
    }
banner-resume = Continue
banner-discard = Discard
banner-unsaved = { $count ->
        [one] A painted picture could not be saved anywhere. It is kept in memory and the queue is paused.
       *[other] { $count } painted pictures could not be saved anywhere. They are kept in memory and the queue is paused.
    }
banner-unsaved-save = Save elsewhere…
banner-held-back = { $count ->
        [one] One job stopped Danqing three times and is not started again by itself
       *[other] { $count } jobs stopped Danqing three times and are not started again by themselves
    }
banner-editing = You are editing a waiting job
banner-save-edit = Save the job
banner-leave-edit = Leave it
banner-device-lost = The device stopped working. Your queue and draft are kept.
banner-restart = Restart Danqing

## A narrow window
narrow-write = Prompt
narrow-look = Picture
narrow-browse = Gallery

## The prompt
prompt-title = Prompt
prompt-name = Prompt
prompt-hint = A red fox in the snow, watercolour…
prompt-history = Earlier prompts
prompt-words = Style words
prompt-negative-open = Negative prompt
prompt-negative-folded = Negative prompt · filled
prompt-negative-title = Negative prompt
prompt-negative-hint = What the picture should not show
prompt-negative-off = Takes effect only with guidance above 1; it is off now
prompt-tokens = { $tokens } / { $most }
prompt-tokens-cut = { $tokens } of { $most } tokens: the struck-out part is not read
prompt-tokens-tip = The model reads { 512 } tokens at most; a token is a short word or a part of one
prompt-style = Style
prompt-style-clear = Take the style off
style-words = photorealistic | flat illustration | watercolour | ink wash painting | oil painting | retro film | pixel art | anime | 3D render | soft light | golden hour | studio lighting | close-up | wide angle | minimalist | highly detailed

## Size
size-title = Size
size-width = Width
size-height = Height
size-one-click = { $width } × { $height } pixels
size-not-suited = This model paints well from { $shortest } to { $longest } pixels a side; outside of that, pictures fall apart
size-ratio-keep = Lock the ratio
size-ratio-free = Unlock the ratio

## Sampling
sampling-steps = Steps
sampling-steps-native = { $steps } steps are what this model was made for
sampling-steps-other = { $steps } is this model’s own number of steps
sampling-guidance = Guidance
sampling-guidance-off = Off
sampling-guidance-native = Off is this model’s own setting
sampling-guidance-suits = { $guidance } suits this model
sampling-guidance-cost = Guidance doubles the time of each step
sampling-count = Pictures
steps-count = { $steps ->
        [one] 1 step
       *[other] { $steps } steps
    }
pictures-count = { $count ->
        [one] 1 picture
       *[other] { $count } pictures
    }

## Seed
seed-title = Seed
seed-random = Random
seed-held = Release the seed
seed-free = Hold a seed
seed-hold-tip = A held seed gives the same picture again; hold the chosen picture’s seed to vary its prompt
seed-held-hint = The same settings give the same picture
seed-free-hint = Each picture gets a new seed
seed-wrong = A seed is a whole number from 0 to 18446744073709551615

## Presets
presets-title = Presets
presets-search = Search presets
presets-none = No presets yet; save the current settings as one
presets-no-match = No preset matches
presets-apply = Apply preset { $name }
presets-remove = Delete preset { $name }
presets-others = Made for other models
presets-made-for = For { $model }
presets-other-model = Made for { $model }: { $current } cannot be expected to paint it well

## Generate
generate-name = Generate
generate-now = Generate
generate-queue = Add to queue
foretell-what = { $count ->
        [one] 1 picture of { $width } × { $height }
       *[other] { $count } pictures of { $width } × { $height }
    }
foretell-time = { $what } · about { $time }
foretell-too-large = The picture needs { $needs } of memory and { $free } are free
foretell-use-size = Use { $width } × { $height }

## Time
time-milliseconds = { $milliseconds } ms
time-tenths = { $seconds } s
time-seconds = { $seconds } s
time-minutes = { $minutes } min
time-hours = { $hours } h

## The picture
canvas-preview = Preview of the picture being painted
canvas-picture = Picture: { $prompt }
canvas-seed = Seed { $seed }
canvas-divider = Divider between the two pictures
compare-hint = { $key }+click another picture in the gallery to see it beside this one
notice-held-to-compare = Choose another picture to see it beside this one
canvas-empty-title = What shall we paint?
canvas-empty-text = Write it on the left, then press { $keys }. Or start from one of these:
canvas-examples = A cup of tea on a misty mountain terrace at dawn, photorealistic | A girl with a paper lantern under falling plum blossom, anime | A little boat on a wide river, ink wash painting
canvas-examples-demo = A white sailing boat on a lake at dawn, watercolour | Snowy mountains in the mist, ink wash painting | A neon street at night in the rain, retro film
canvas-try = Try the prompt: { $prompt }
canvas-empty-drop = Drop presets, pictures or a model folder anywhere in the window

## The status line
status-no-model = No model is loaded
status-device-lost = The device stopped working; restart Danqing
status-ready = Ready
status-paused = { $count ->
        [one] The queue is paused; 1 job is waiting
       *[other] The queue is paused; { $count } jobs are waiting
    }
status-loading = Loading { $name }…
status-loading-bytes = Loading { $name }: { $done } of { $total }
status-picture = Picture { $picture } of { $pictures }
status-left = { $time } left
status-left-picture = { $time } left for this one
status-waiting = { $count ->
        [one] 1 more job waiting
       *[other] { $count } more jobs waiting
    }
status-memory = Memory { $memory }
status-queue-unsaved = The queue cannot be saved
stage-start = Starting
stage-encode-text = Reading the prompt
stage-encode-image = Reading the start picture
stage-denoise = Step { $step } of { $steps }
stage-decode = Decoding the picture
stage-encode-text-name = Prompt
stage-encode-image-name = Start picture
stage-denoise-name = Steps
stage-decode-name = Decoding

## The right column
tab-gallery = Gallery
tab-queue = Queue
tab-queue-count = Queue ({ $count })
tab-queue-count-narrow = Queue { $count }
tab-info = Info
gallery-search = Search
gallery-compare-with = Compare with the picture chosen before
gallery-compare-none = No other picture was chosen before
gallery-search-name = Search the gallery
gallery-search-tip = Words of the prompt, or seed:42, size:1024x1024, model:turbo, star:yes, date:2026-11, after:2026-11-01, before:2026-11-01
gallery-filter = Filter
gallery-filter-today = Made today
gallery-filter-model = Same model
gallery-filter-size = Same size
gallery-filter-seed = Same seed
search-date = date:{ $date }
search-model = model:"{ $model }"
search-size = size:{ $size }
search-seed = seed:{ $seed }
gallery-only-starred = Show only starred pictures
gallery-show-all = Show all pictures
gallery-reading = Reading the folder…
gallery-count = { $count ->
        [one] 1 picture
       *[other] { $count } pictures
    }
gallery-found = { $found } of { $count }
gallery-empty = No pictures yet
gallery-empty-more = Finished pictures appear here at once
gallery-no-match = No picture matches
gallery-no-match-more = Try fewer words
gallery-damaged = { $file } cannot be read
queue-pause = Pause the queue
queue-resume = Resume the queue
queue-count = { $count ->
        [0] Nothing waiting
        [one] 1 job waiting
       *[other] { $count } jobs waiting
    }
queue-empty = The queue is empty
queue-empty-more = Add as many jobs as you like while one runs
queue-job = Job: { $prompt }
queue-running = Painting
queue-waiting = Waiting
queue-editing = Being edited
queue-failed = Failed: { $reason }
queue-stop = Cancel this job
queue-remove = Remove from the queue
queue-retry = Try again
queue-edit = Edit
queue-sooner = Move up
queue-later = Move down
info-empty = No picture chosen
info-empty-more = Choose one to see how it was made
info-none = This picture does not say how it was made
info-reuse = Reuse
reuse-all = All
reuse-prompt = Prompt
reuse-seed = Seed
reuse-size = Size
reuse-sampling = Steps and guidance
info-prompt = Prompt
info-settings = Settings
info-size = Size
info-making = How it was made
info-model = Model
info-hash = Model hash
info-device = Device
info-precision = Precision
info-total = Total
info-pace = Pace
info-steps-per-second = { $pace } steps/s
info-peak-memory = Peak memory
info-created = Made
info-program = Program
info-file = File
info-name = Name
info-folder = Folder

## Models
models-title = Models
models-about = A model is read from its folder, never copied. Switching frees the one in use first.
models-empty = No models yet
models-empty-more = Add a folder that holds Z-Image-Turbo
models-add = Add a model folder…
models-add-drop = or drop it on the window
models-demo = Comes with Danqing, for trying things out
models-checking = Reading…
models-parameters = { $unit ->
        [billion] { $count } billion parameters
       *[million] { $count } million parameters
    }
models-needs = needs about { $memory } of memory
models-runs = runs in { $precision } on { $device }
models-use = Use
models-use-name = Use { $name }
models-current = In use
models-loading = Loading…
models-unusable = This model cannot be used; the reason stands below its name
models-forget = Remove { $name } from the list; its files stay
models-get-title = Where to get Z-Image-Turbo
models-get = Download the whole repository (about 33 GB) from one of these pages, keep its folders as they are, and add the folder above. A folder with the three files of ComfyUI and the repository's tokenizer.json works too:
models-get-files = model_index.json   scheduler/   text_encoder/   tokenizer/   transformer/   vae/
    z_image_turbo_bf16.safetensors   qwen_3_4b.safetensors   ae.safetensors   tokenizer.json

## Settings
settings-title = Settings
settings-system = System
settings-language = Language
settings-theme = Theme
settings-theme-light = Light
settings-theme-dark = Dark
settings-motion = Motion
settings-motion-reduced = Reduced
settings-motion-full = Full
settings-folder = Gallery folder
settings-folder-choose = Choose…
settings-pattern = File names
settings-pattern-hint = May hold {"{date}"}, {"{time}"}, {"{seed}"}, {"{size}"}, {"{model}"}, {"{prompt}"} and / for folders
settings-device = Device
settings-device-auto = Automatic
settings-precision = Precision
settings-precision-auto = bf16 on a graphics card, f32 on the processor
settings-precision-f32 = The most exact; twice the memory of bf16, and slower on a graphics card
settings-precision-bf16 = What Z-Image-Turbo was made in; on a processor slower than f32
settings-precision-fp8 = Faster than bf16 with a quarter less memory; pictures differ slightly
settings-precision-int8 = Faster than bf16 on cards without fp8 too, with a quarter less memory; pictures differ slightly
settings-precision-unusable = Not possible on this device: { $why }
settings-low-memory = Keep the text encoder out of memory
settings-low-memory-tip = It is read from its files for each new prompt: about 7 GiB less memory with Z-Image-Turbo, and a wait before the first step. The pictures stay the same
settings-previews = Previews
settings-previews-off = Off
settings-previews-off-tip = No previews; steps take the least time
settings-previews-fast = Fast
settings-previews-fast-tip = Soft, after each step, at no cost
settings-previews-good = Good
settings-previews-good-tip = Sharp, by decoding the picture after each step, which makes painting slower
settings-notify = Ask for attention when a job ends in the background
settings-preset = Preset at start
settings-preset-none = None
settings-value-wrong = The settings file says { $key } = { $value }, which is not known; the usual value is used
settings-put-aside = The settings file could not be read and was put aside as { $path }; the usual settings are used
settings-unreadable = The settings file { $path } cannot be read; the usual settings are used
session-put-aside = The draft of the last session could not be read and was put aside as { $path }
session-unreadable = The draft of the last session, { $path }, cannot be read

## System
system-title = System
system-devices = Devices
system-memory = { $free } of { $total } free
system-no-cuda = NVIDIA graphics cards cannot be used here:
system-program = Program
system-version = Version
system-os = System
system-cores = Processor cores
system-driver = Driver
system-frames = Time a frame
system-frames-text = { $half } ms in the middle, { $most } ms for 95 of 100, { $longest } ms at most
system-copy = Copy this report

## Keys
keys-title = Keyboard shortcuts
keys-about = Keys without Ctrl or Alt rest while you type.
keys-group-paint = Painting
keys-group-settings = Settings and presets
keys-group-gallery = Gallery and picture
keys-group-view = View
keys-group-program = Program
keys-wheel = Wheel over the picture
keys-wheel-does = Zoom
keys-drag = Drag the picture
keys-drag-does = Move
keys-double = Double-click the picture
keys-double-does = Switch between fit and actual pixels
palette-hint = Type a command
palette-none = No command matches

## Dialogs
dialog-close = Close
save-preset-title = Save as preset
save-preset-name = Name
save-preset-with-prompt = Include the prompt
save-preset-with-picture = Show the chosen picture beside its name
save-preset-save = Save preset
save-preset-same = There is already a preset called { $name }
save-preset-replace = Replace it
save-preset-both = Keep both
save-preset-needs-name = Give the preset a name
paste-title = Import from text
paste-about = Paste a preset in JSON, the parameters of a picture from another tool, or paths of files.
paste-hint = Paste here
paste-import = Import
paste-needs-text = Paste something first
export-title = Export the picture
export-png = PNG…
export-png-about = Without loss, with prompt and settings inside
export-jpeg = JPEG…
export-jpeg-about = Small, without prompt and settings
export-webp = WebP…
export-webp-about = Without loss and smaller than PNG, without prompt and settings
path-title = Path
path-hint = Full path
path-why = This desktop shows no file dialog: that takes xdg-desktop-portal or zenity.
path-for-import = The preset, picture or folder to open:
path-for-model = The model's folder or its transformer's file:
path-for-gallery = The folder for pictures:
path-for-copy = Where to save the picture:
path-open = Open
path-save = Save
path-needs-text = Type a path first
closing-title = A picture is being painted
closing-text = If you close now, its job starts again the next time. Finished pictures are safe.
closing-stay = Keep painting
closing-unsaved-title = A picture is not saved
closing-unsaved-text = It could not be written and is in memory only. If you close now, it is lost.
closing-unsaved-stay = Go back
closing-close = Close

## Messages
notices-title = Messages
notices-empty = There have been no messages
notice-dismiss = Dismiss
notice-more = Details
notice-less = Hide details
notice-copy = Copy details
offer-undo = Undo
offer-use = Use these
offer-settings = Open settings
offer-models = Open models
notice-finished = { $count ->
        [one] The picture is in the gallery
       *[other] { $count } pictures are in the gallery
    }
notice-cancelled = Cancelled
notice-failed = The job failed and waits in the queue
notice-out-of-memory = Not enough memory; try a smaller size
notice-not-saved = The picture could not be saved; choose another gallery folder
notice-kept-instead = The gallery folder cannot be written; the picture is at { $path }
notice-load-failed = { $name } could not be loaded
notice-suits = { $name } is at home at { $width } × { $height }, { $steps } steps and { $guidance ->
        [1] guidance off
       *[other] guidance { $guidance }
    }
notice-model-after-job = { $name } is loaded after the running job
notice-device-lost = The device stopped working
notice-recovered = Danqing recovered from an internal error
notice-prompt-cut = The end of the prompt was not read
notice-queue = The queue did not change
notice-edit-added = The job had begun or ended already; your changes wait as a new job
notice-queue-file = The queue of the last session could not be read in full
notice-queue-waits = Your earlier jobs come first: choose above whether they go on, then the queue starts
notice-jobs-removed = { $count ->
        [one] The job was removed from the queue
       *[other] { $count } jobs were removed from the queue
    }
notice-jobs-back = { $count ->
        [one] The job is in the queue again
       *[other] { $count } jobs are in the queue again
    }
notice-queue-paused = The queue is paused; resume it to start
notice-careful-start = Danqing stopped several times right after starting, so no model was loaded; the logs are in { $path }
notice-device = Danqing will paint on another device than chosen
notice-engine = The engine did not answer
notice-trashed = { $count ->
        [one] The picture is in the trash
       *[other] { $count } pictures are in the trash
    }
notice-restored = { $count ->
        [one] The picture is back
       *[other] { $count } pictures are back
    }
notice-not-restored = This picture is no longer kept by Danqing; look into the system’s trash
notice-gallery = The gallery has a problem
notice-gallery-folder = The gallery folder { $path } cannot be made; choose another in the settings
notice-picture-unreadable = { $path } cannot be shown
notice-picture-copied = Picture copied
notice-picture-not-copied = The picture could not be copied
notice-prompt-copied = Prompt copied
notice-exported = Exported to { $path }
notice-not-exported = The picture could not be exported
notice-path-missing = There is nothing to open at { $path }
notice-path-taken = { $path } exists already; choose another name
notice-not-opened = { $path } cannot be opened
notice-not-restarted = Danqing cannot restart itself; close it and open it again
notice-preset-applied = Preset { $name } applied
notice-preset-other-model = Preset { $name } was made for { $model }; { $current } cannot be expected to paint it well
notice-preset-saved = Preset { $name } saved
notice-preset-not-saved = The preset could not be saved
notice-preset-removed = Preset { $name } was deleted
notice-preset-back = Preset { $name } is back
notice-preset-not-removed = The preset could not be deleted
notice-settings-not-saved = The settings could not be saved
notice-session-not-saved = The draft could not be saved
notice-reused-all = All settings taken over
notice-reused-prompt = Prompt taken over
notice-reused-seed = Seed taken over
notice-reused-size = Size taken over
notice-reused-sampling = Steps and guidance taken over
notice-imported = Imported: { $presets ->
        [0] {""}
        [one] 1 preset
       *[other] { $presets } presets
    }{ $pictures ->
        [0] {""}
       *[other] { $presets ->
            [0] {""}
           *[other] {", "}
        }{ $pictures ->
            [one] settings of 1 picture
           *[other] settings of the first of { $pictures } pictures
        }
    }{ $models ->
        [0] {""}
       *[other] { $before ->
            [0] {""}
           *[other] {", "}
        }{ $models ->
            [one] 1 model
           *[other] { $models } models
        }
    }{ $refused ->
        [0] {""}
       *[other] {"; "}{ $refused } could not be used
    }
notice-import-nothing = { $refused ->
        [one] The file could not be used
       *[other] None of the { $refused } files could be used
    }
