# 丹青的中文界面。键的次序与窗口一致，与 en.ftl 完全相同。

program-name = 丹青
window-title = 丹青 Danqing

## 操作：按钮、菜单、命令面板与快捷键表
action-generate = 生成
action-generate-next = 插队生成
action-cancel = 取消当前任务
action-watch = 查看正在绘制的图片
action-cancel-waiting = 移除所有等待和失败的任务
action-pause-queue = 暂停或继续队列
action-focus-prompt = 编辑提示词
action-earlier-prompt = 上一条提示词
action-later-prompt = 下一条提示词
action-draw-seed = 随机取一个种子
action-hold-seed = 锁定或放开种子
action-swap-sides = 交换宽高
action-undo = 撤销
action-redo = 重做
action-open = 打开预设或图片…
action-paste-text = 从文本导入…
action-save-preset = 存为预设…
action-search-gallery = 搜索图库
action-show-queue = 显示队列
action-show-info = 显示图片信息
action-next-picture = 下一张图片
action-previous-picture = 上一张图片
action-next-row = 下一行图片
action-previous-row = 上一行图片
action-star = 收藏图片
action-trash = 移到回收站
action-copy-picture = 复制图片
action-copy-prompt = 复制提示词
action-reveal = 在文件夹中显示
action-open-folder = 打开图库文件夹
action-export = 导出…
action-reuse-all = 沿用全部设置
action-reuse-prompt = 沿用提示词
action-reuse-seed = 沿用种子
action-reuse-size = 沿用尺寸
action-zoom-fit = 适合窗口
action-zoom-actual = 实际像素
action-zoom-in = 放大
action-zoom-out = 缩小
action-compare-sides = 并排对比
action-hold-to-compare = 以此图对比其他图片
action-compare-slider = 滑动对比
action-fold-left = 收起左栏
action-fold-right = 收起右栏
action-only-picture = 只看图片
action-models = 模型
action-add-model = 添加模型…
action-settings = 设置
action-system = 系统
action-keys = 键盘快捷键
action-palette = 搜索所有命令
action-notices = 消息
action-dismiss-notices = 清除所有提示消息
action-switch-language = 切换中文和英文
action-switch-theme = 切换浅色、深色和跟随系统
action-restart-engine = 重启丹青
action-quit = 退出

## 控件为何不可用
why-empty-prompt = 请先写下想画的内容
why-prompt-too-long = 提示词太长，请缩短
why-control-character = 提示词中有不可见的控制字符，请删去
why-request = { $reason }
why-seed = 种子须为整数
why-no-model = 尚未载入模型，请在“模型”中选择
why-device-lost = 设备已停止工作，请重启丹青
why-editing = 正在编辑等待中的任务，请先保存或放弃
why-nothing-runs = 没有正在进行的任务
why-nothing-waits = 没有等待的任务
why-no-history = 还没有用过的提示词
why-no-later-prompt = 这已是最新的提示词
why-nothing-to-undo = 没有可撤销的操作
why-nothing-to-redo = 没有可重做的操作
why-no-pictures = 图库是空的
why-no-picture = 请先选择一张图片
why-preview = 图片被正在绘制的预览遮住，请先在图库中选择
why-no-metadata = 这张图片没有记录生成方式
why-one-picture = 对比需要两张图片

## 顶栏
model-none = 未选模型
model-loading = 正在载入 { $name }…
model-device-lost = 设备失联
model-demo-badge = 小型演示模型

## 提议
banner-recovery = 丹青上次关闭时还有 { $count } 个任务未完成
banner-resume = 继续
banner-discard = 放弃
banner-unsaved = 有 { $count } 张画好的图片无处保存，暂存在内存中，队列已暂停。
banner-unsaved-save = 另存到…
banner-held-back = 有 { $count } 个任务曾三次使丹青意外停止，不会自动重新开始
banner-editing = 正在编辑一个等待中的任务
banner-save-edit = 保存任务
banner-leave-edit = 不改了
banner-device-lost = 设备已停止工作。队列和草稿都已保留。
banner-restart = 重启丹青

## 窄窗口
narrow-write = 提示词
narrow-look = 图片
narrow-browse = 图库

## 提示词
prompt-title = 提示词
prompt-name = 提示词
prompt-hint = 雪地里的红狐狸，水彩…
prompt-history = 用过的提示词
prompt-words = 风格词
prompt-negative-open = 反向提示词
prompt-negative-folded = 反向提示词 · 已填
prompt-negative-title = 反向提示词
prompt-negative-hint = 画面中不要出现的内容
prompt-negative-off = 引导强度大于 1 时才起作用，目前未启用
prompt-tokens = { $tokens } / { $most } 词元
prompt-tokens-cut = { $tokens } / { $most } 词元：划去的部分不会被读取
prompt-tokens-tip = 模型最多读取 { 512 } 个词元；一个词元约为一个字或一个短词
prompt-style = 风格
prompt-style-clear = 去掉风格
style-words = 写实摄影 | 扁平插画 | 水彩 | 水墨画 | 油画 | 复古胶片 | 像素风 | 动漫 | 三维渲染 | 柔光 | 黄昏金光 | 影棚灯光 | 特写 | 广角 | 极简 | 细节丰富

## 尺寸
size-title = 尺寸
size-width = 宽度
size-height = 高度
size-one-click = { $width } × { $height } 像素
size-not-suited = 此模型适合边长 { $shortest } 到 { $longest } 像素的图片，超出范围画面会散乱
size-ratio-keep = 锁定比例
size-ratio-free = 解除比例锁定

## 采样
sampling-steps = 步数
sampling-steps-native = { $steps } 步是此模型的原生步数
sampling-steps-other = 此模型的原生步数是 { $steps }
sampling-guidance = 引导强度
sampling-guidance-off = 关
sampling-guidance-native = 关闭是此模型的原生设置
sampling-guidance-suits = { $guidance } 适合此模型
sampling-guidance-cost = 启用引导会使每步用时加倍
sampling-count = 张数
steps-count = { $steps } 步
pictures-count = { $count } 张

## 种子
seed-title = 种子
seed-random = 随机
seed-held = 放开种子
seed-free = 锁定种子
seed-hold-tip = 锁定种子可重现同一张图片；锁定所选图片的种子后改写提示词，可得相近的画面
seed-held-hint = 相同的设置会得到相同的图片
seed-free-hint = 每张图片都用新的种子
seed-wrong = 种子须为 0 到 18446744073709551615 之间的整数

## 预设
presets-title = 预设
presets-search = 搜索预设
presets-none = 还没有预设，可将当前设置存为预设
presets-no-match = 没有匹配的预设
presets-apply = 应用预设“{ $name }”
presets-remove = 删除预设“{ $name }”
presets-others = 为其他模型制作
presets-made-for = 适用于 { $model }
presets-other-model = 为 { $model } 制作，用 { $current } 难以画好

## 生成
generate-name = 生成
generate-now = 生成
generate-queue = 加入队列
foretell-what = { $count } 张 { $width } × { $height }
foretell-time = { $what } · 约 { $time }
foretell-too-large = 这张图片需要 { $needs } 内存，目前可用 { $free }
foretell-use-size = 改用 { $width } × { $height }

## 时间
time-milliseconds = { $milliseconds } 毫秒
time-tenths = { $seconds } 秒
time-seconds = { $seconds } 秒
time-minutes = { $minutes } 分钟
time-hours = { $hours } 小时

## 图片
canvas-preview = 正在绘制的图片的预览
canvas-picture = 图片：{ $prompt }
canvas-seed = 种子 { $seed }
canvas-divider = 两张图片之间的分隔线
compare-hint = 在图库中按住 { $key } 点击另一张图片，可与当前图片对比
notice-held-to-compare = 再选一张图片，即可与当前图片对比
canvas-empty-title = 想画点什么？
canvas-empty-text = 在左侧写下来，再按 { $keys }。也可以从这里开始：
canvas-examples = 清晨云雾缭绕的山间露台上的一杯茶，写实摄影 | 梅花飘落中提着纸灯笼的少女，动漫 | 宽阔江面上的一叶小舟，水墨画
canvas-examples-demo = 清晨湖上的白色小船，水彩画 | 山水风景，薄雾，水墨画 | 雨夜的霓虹街道，复古胶片
canvas-try = 试试这条提示词：{ $prompt }
canvas-empty-drop = 可将预设、图片或模型文件夹拖到窗口任意位置

## 状态栏
status-no-model = 尚未载入模型
status-device-lost = 设备已停止工作，请重启丹青
status-ready = 就绪
status-paused = 队列已暂停，{ $count } 个任务等待中
status-loading = 正在载入 { $name }…
status-loading-bytes = 正在载入 { $name }：{ $done } / { $total }
status-picture = 第 { $picture } / { $pictures } 张
status-left = 还需 { $time }
status-left-picture = 本张还需 { $time }
status-waiting = 另有 { $count } 个任务等待
status-memory = 内存 { $memory }
status-queue-unsaved = 队列无法保存
stage-start = 正在开始
stage-encode-text = 正在读取提示词
stage-encode-image = 正在读取起始图片
stage-denoise = 第 { $step } / { $steps } 步
stage-decode = 正在解码图片
stage-encode-text-name = 提示词
stage-encode-image-name = 起始图片
stage-denoise-name = 采样
stage-decode-name = 解码

## 右栏
tab-gallery = 图库
tab-queue = 队列
tab-queue-count = 队列（{ $count }）
tab-queue-count-narrow = 队列 { $count }
tab-info = 信息
gallery-search = 搜索
gallery-compare-with = 与先前所选的图片对比
gallery-compare-none = 先前没有选过其他图片
gallery-search-name = 搜索图库
gallery-search-tip = 提示词中的词，或 种子：42、尺寸：1024x1024、模型：turbo、收藏：是、日期：2026-11、晚于：2026-11-01、早于：2026-11-01
gallery-filter = 筛选
gallery-filter-today = 今天生成
gallery-filter-model = 相同模型
gallery-filter-size = 相同尺寸
gallery-filter-seed = 相同种子
search-date = 日期：{ $date }
search-model = 模型：“{ $model }”
search-size = 尺寸：{ $size }
search-seed = 种子：{ $seed }
gallery-only-starred = 只看收藏
gallery-show-all = 查看全部图片
gallery-reading = 正在读取文件夹…
gallery-count = { $count } 张图片
gallery-found = { $found } / { $count }
gallery-empty = 还没有图片
gallery-empty-more = 画好的图片会立即出现在这里
gallery-no-match = 没有匹配的图片
gallery-no-match-more = 试试少用几个词
gallery-damaged = 无法读取 { $file }
queue-pause = 暂停队列
queue-resume = 继续队列
queue-count = { $count ->
        [0] 没有等待的任务
       *[other] { $count } 个任务等待中
    }
queue-empty = 队列是空的
queue-empty-more = 生成时可随意添加更多任务
queue-job = 任务：{ $prompt }
queue-running = 正在绘制
queue-waiting = 等待中
queue-editing = 正在编辑
queue-failed = 失败：{ $reason }
queue-stop = 取消此任务
queue-remove = 从队列中移除
queue-retry = 重试
queue-edit = 编辑
queue-sooner = 上移
queue-later = 下移
info-empty = 未选择图片
info-empty-more = 选择一张，查看它的生成方式
info-none = 这张图片没有记录生成方式
info-reuse = 沿用
reuse-all = 全部
reuse-prompt = 提示词
reuse-seed = 种子
reuse-size = 尺寸
reuse-sampling = 步数与引导
info-prompt = 提示词
info-settings = 设置
info-size = 尺寸
info-making = 生成过程
info-model = 模型
info-hash = 模型哈希
info-device = 设备
info-precision = 精度
info-total = 总计
info-pace = 速度
info-steps-per-second = { $pace } 步/秒
info-peak-memory = 内存峰值
info-created = 生成时间
info-program = 程序
info-file = 文件
info-name = 名称
info-folder = 文件夹

## 模型
models-title = 模型
models-about = 模型直接从所在文件夹读取，不会复制。切换时先释放正在使用的模型。
models-empty = 还没有模型
models-empty-more = 请添加存放 Z-Image-Turbo 的文件夹
models-add = 添加模型文件夹…
models-add-drop = 或直接拖到窗口中
models-demo = 随丹青附带，供试用
models-checking = 正在读取…
models-parameters = { $unit ->
        [yi] { $count } 亿参数
       *[wan] { $count } 万参数
    }
models-needs = 约需 { $memory } 内存
models-runs = 以 { $precision } 运行于 { $device }
models-use = 使用
models-use-name = 使用 { $name }
models-current = 使用中
models-loading = 正在载入…
models-unusable = 此模型无法使用，原因见名称下方
models-forget = 从列表中移除 { $name }，文件保留
models-get-title = 如何获取 Z-Image-Turbo
models-get = 从以下任一页面下载整个仓库（约 33 GB），保持文件夹结构不变，再在上方添加该文件夹。也可以把 ComfyUI 所用的三个文件和仓库中的 tokenizer.json 放进同一个文件夹来添加：
models-get-files = model_index.json   scheduler/   text_encoder/   tokenizer/   transformer/   vae/
    z_image_turbo_bf16.safetensors   qwen_3_4b.safetensors   ae.safetensors   tokenizer.json

## 设置
settings-title = 设置
settings-system = 跟随系统
settings-language = 语言
settings-theme = 主题
settings-theme-light = 浅色
settings-theme-dark = 深色
settings-motion = 动态效果
settings-motion-reduced = 减少
settings-motion-full = 完整
settings-folder = 图库文件夹
settings-folder-choose = 选择…
settings-pattern = 文件名
settings-pattern-hint = 可用 {"{date}"}、{"{time}"}、{"{seed}"}、{"{size}"}、{"{model}"}、{"{prompt}"}，以 / 分文件夹
settings-device = 设备
settings-device-auto = 自动
settings-precision = 精度
settings-precision-auto = 显卡用 bf16，处理器用 f32
settings-precision-f32 = 最精确；内存是 bf16 的两倍，在显卡上更慢
settings-precision-bf16 = Z-Image-Turbo 的原生精度；在处理器上比 f32 慢
settings-precision-fp8 = 比 bf16 更快，内存少四分之一；画面略有不同
settings-precision-int8 = 没有 fp8 的显卡上也比 bf16 快，内存少四分之一；画面略有不同
settings-precision-unusable = 此设备不支持：{ $why }
settings-low-memory = 不将文本编码器留在内存中
settings-low-memory-tip = 每条新提示词都从文件读取：Z-Image-Turbo 约省 7 GiB 内存，第一步之前需稍候，画面不变
settings-previews = 预览
settings-previews-off = 关
settings-previews-off-tip = 不显示预览，每步用时最短
settings-previews-fast = 快速
settings-previews-fast-tip = 每步之后显示，较模糊，不占时间
settings-previews-good = 清晰
settings-previews-good-tip = 每步之后解码整张图片，清晰，但绘制更慢
settings-notify = 后台任务结束时提醒
settings-preset = 启动时的预设
settings-preset-none = 无
settings-value-wrong = 设置文件中的 { $key } = { $value } 无法识别，已改用默认值
settings-put-aside = 设置文件无法读取，已移至 { $path }，现用默认设置
settings-unreadable = 设置文件 { $path } 无法读取，现用默认设置
session-put-aside = 上次的草稿无法读取，已移至 { $path }
session-unreadable = 上次的草稿 { $path } 无法读取

## 系统
system-title = 系统
system-devices = 设备
system-memory = 可用 { $free } / { $total }
system-no-cuda = 此处无法使用 NVIDIA 显卡：
system-program = 程序
system-version = 版本
system-os = 系统
system-cores = 处理器核心
system-driver = 驱动
system-frames = 每帧用时
system-frames-text = 中位数 { $half } 毫秒，95% 不超过 { $most } 毫秒，最长 { $longest } 毫秒
system-copy = 复制此报告

## 快捷键
keys-title = 键盘快捷键
keys-about = 输入文字时，不带 Ctrl 或 Alt 的按键不起作用。
keys-group-paint = 绘制
keys-group-settings = 设置与预设
keys-group-gallery = 图库与图片
keys-group-view = 视图
keys-group-program = 程序
keys-wheel = 在图片上滚轮
keys-wheel-does = 缩放
keys-drag = 拖动图片
keys-drag-does = 移动
keys-double = 双击图片
keys-double-does = 切换适合窗口与实际像素
palette-hint = 输入命令
palette-none = 没有匹配的命令

## 对话框
dialog-close = 关闭
save-preset-title = 存为预设
save-preset-name = 名称
save-preset-with-prompt = 包含提示词
save-preset-with-picture = 用所选图片作缩略图
save-preset-save = 保存预设
save-preset-same = 已有名为“{ $name }”的预设
save-preset-replace = 替换
save-preset-both = 两个都保留
save-preset-needs-name = 请为预设起个名字
paste-title = 从文本导入
paste-about = 粘贴 JSON 预设、其他工具的图片参数，或文件路径。
paste-hint = 粘贴到这里
paste-import = 导入
paste-needs-text = 请先粘贴内容
export-title = 导出图片
export-png = PNG…
export-png-about = 无损，内含提示词与设置
export-jpeg = JPEG…
export-jpeg-about = 体积小，不含提示词与设置
export-webp = WebP…
export-webp-about = 无损且比 PNG 小，不含提示词与设置
path-title = 路径
path-hint = 完整路径
path-why = 此桌面没有文件选择框，需要 xdg-desktop-portal 或 zenity。
path-for-import = 要打开的预设、图片或文件夹：
path-for-model = 模型所在的文件夹，或它的 transformer 文件：
path-for-gallery = 存放图片的文件夹：
path-for-copy = 图片存到哪里：
path-open = 打开
path-save = 保存
path-needs-text = 请先输入路径
closing-title = 正在绘制图片
closing-text = 现在关闭的话，这个任务下次会重新开始。已完成的图片不受影响。
closing-stay = 继续绘制
closing-unsaved-title = 有图片尚未保存
closing-unsaved-text = 这张图片无法写入，只在内存中。现在关闭就会丢失。
closing-unsaved-stay = 返回
closing-close = 关闭

## 消息
notices-title = 消息
notices-empty = 还没有消息
notice-dismiss = 知道了
notice-more = 详情
notice-less = 收起
notice-copy = 复制详情
offer-undo = 撤销
offer-use = 采用
offer-settings = 打开设置
offer-models = 打开模型
notice-finished = { $count ->
        [1] 图片已存入图库
       *[other] { $count } 张图片已存入图库
    }
notice-cancelled = 已取消
notice-failed = 任务失败，仍留在队列中
notice-out-of-memory = 内存不足，请试试更小的尺寸
notice-not-saved = 图片无法保存，请换一个图库文件夹
notice-kept-instead = 图库文件夹无法写入，图片已存到 { $path }
notice-load-failed = 无法载入 { $name }
notice-suits = { $name } 适合 { $width } × { $height }、{ $steps } 步、{ $guidance ->
        [1] 关闭引导
       *[other] 引导强度 { $guidance }
    }
notice-model-after-job = 当前任务结束后载入 { $name }
notice-device-lost = 设备已停止工作
notice-recovered = 丹青已从内部错误中恢复
notice-prompt-cut = 提示词末尾未被读取
notice-queue = 队列没有改变
notice-edit-added = 任务已经开始或结束，改动已作为新任务加入队列
notice-queue-file = 上次的队列未能完整读取
notice-queue-waits = 之前的任务在先：请在上方选择是否继续，队列随后开始
notice-jobs-removed = { $count } 个任务已从队列移除
notice-jobs-back = { $count } 个任务已回到队列
notice-queue-paused = 队列已暂停，继续后才会开始
notice-careful-start = 丹青启动后连续数次意外停止，因此没有加载模型；日志在 { $path }
notice-device = 将在另一设备上绘制
notice-engine = 引擎没有响应
notice-trashed = { $count } 张图片已移到回收站
notice-restored = { $count } 张图片已恢复
notice-not-restored = 丹青已不再保留这张图片，请到系统回收站中寻找
notice-gallery = 图库出了问题
notice-gallery-folder = 无法创建图库文件夹 { $path }，请在设置中另选
notice-picture-unreadable = 无法显示 { $path }
notice-picture-copied = 图片已复制
notice-picture-not-copied = 图片无法复制
notice-prompt-copied = 提示词已复制
notice-exported = 已导出到 { $path }
notice-not-exported = 图片无法导出
notice-path-missing = { $path } 处没有可打开的内容
notice-path-taken = { $path } 已存在，请换一个名字
notice-not-opened = 无法打开 { $path }
notice-not-restarted = 丹青无法自行重启，请关闭后重新打开
notice-preset-applied = 已应用预设“{ $name }”
notice-preset-other-model = 预设“{ $name }”为 { $model } 制作，用 { $current } 难以画好
notice-preset-saved = 预设“{ $name }”已保存
notice-preset-not-saved = 预设无法保存
notice-preset-removed = 已删除预设“{ $name }”
notice-preset-back = 已恢复预设“{ $name }”
notice-preset-not-removed = 预设无法删除
notice-settings-not-saved = 设置无法保存
notice-session-not-saved = 草稿无法保存
notice-reused-all = 已沿用全部设置
notice-reused-prompt = 已沿用提示词
notice-reused-seed = 已沿用种子
notice-reused-size = 已沿用尺寸
notice-reused-sampling = 已沿用步数与引导
notice-imported = 已导入：{ $presets ->
        [0] {""}
       *[other] { $presets } 个预设
    }{ $pictures ->
        [0] {""}
       *[other] { $presets ->
            [0] {""}
           *[other] 、
        }{ $pictures ->
            [1] 1 张图片的设置
           *[other] { $pictures } 张图片中第一张的设置
        }
    }{ $models ->
        [0] {""}
       *[other] { $before ->
            [0] {""}
           *[other] 、
        }{ $models } 个模型
    }{ $refused ->
        [0] {""}
       *[other] ；{ $refused } 个文件无法使用
    }
notice-import-nothing = { $refused ->
        [1] 文件无法使用
       *[other] { $refused } 个文件都无法使用
    }
