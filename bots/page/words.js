// Every word the page itself says, English and Chinese side by side so that neither can fall behind.
// The language is the document's (`<html lang>`); the characters' words come from the server in theirs.

const plural = (n, one, many) => `${n} ${n === 1 ? one : many}`;

export const LANGUAGES = { en: "English", zh: "中文" };

export const CATALOGUE = {
  // the stage
  understudy: ["the understudy: small talk only; name a real model in the settings", "替身演员：只会闲聊；请在配置中指定真正的模型"],
  playing: ["Played by {model}", "由 {model} 扮演"],
  portrait: ["Portrait of {name}, {mood}", "{name}的画像，{mood}"],
  neutral: ["calm", "平静"],
  joy: ["joyful", "开心"],
  sadness: ["sad", "难过"],
  anger: ["angry", "生气"],
  surprise: ["surprised", "惊讶"],
  fear: ["afraid", "害怕"],
  love: ["affectionate", "温柔"],
  thinking: ["thinking", "思考中"],
  controls: ["Controls", "操作"],
  cast: ["Cast", "角色"],
  castTitle: ["Who would you like to talk to?", "想和谁聊聊？"],
  onStage: ["on stage", "正在台上"],
  close: ["Close", "关闭"],

  // the talk
  conversation: ["Conversation", "对话"],
  youSaid: ["You said:", "你说："],
  said: ["{name} said:", "{name}说："],
  today: ["Today", "今天"],
  yesterday: ["Yesterday", "昨天"],
  older: ["Earlier words are being fetched", "正在读取更早的对话"],
  toEnd: ["To the latest words", "回到最新"],
  aiAlways: ["{name} is an AI character; what is said here may be invented.", "{name}是 AI 角色，这里说的话可能是虚构的。"],

  // the line to write on
  sayLabel: ["What you say to {name}", "你想对{name}说的话"],
  sayHint: ["Say something to {name}…", "对{name}说点什么…"],
  send: ["Send", "发送"],
  stop: ["Stop", "停止"],
  length: ["{n} of {limit} characters", "{n} / {limit} 字"],
  tooLong: ["That is longer than {limit} characters. Nothing is lost: shorten it and send again.", "超过 {limit} 字了。内容还在，请缩短后再发送。"],

  // what can be done to a reply
  replyTools: ["What can be done with this reply", "对这条回复的操作"],
  again: ["Another reply", "换一个回复"],
  goOn: ["Continue", "继续说"],
  good: ["Good reply", "说得好"],
  bad: ["Poor reply", "说得不好"],
  earlier: ["Earlier version", "上一个版本"],
  later: ["Later version", "下一个版本"],
  version: ["Version {n} of {all}", "第 {n} 个版本，共 {all} 个"],
  why: ["Why did {name} say that?", "{name}为什么这样说？"],
  whyShort: ["why", "为什么"],
  more: ["More", "更多"],
  editMine: ["Edit my words", "修改我说的话"],
  branchHere: ["Another reply from here", "从这里重新回复"],
  copyReply: ["Copy the reply", "复制回复"],
  copied: ["Copied.", "已复制。"],
  editLabel: ["Your words, to be said differently", "改写你说的话"],
  resend: ["Say it this way", "这样说"],
  cancel: ["Cancel", "取消"],
  retry: ["Try again", "重试"],
  cutShort: ["Stopped here.", "说到这里被打断了。"],
  unanswered: ["This has not been answered yet.", "这句话还没有得到回答。"],
  atALoss: ["No engine could answer just now.", "现在没有可用的引擎。"],

  // when things go wrong
  queue: ["Waiting for a free moment: {n} before this one.", "正在排队，前面还有 {n} 个。"],
  away: ["The connection was lost. Reconnecting; nothing you typed is gone.", "连接断开，正在重连；你写的内容都在。"],
  failed: ["That did not work.", "没有成功。"],
  noHouse: ["The house does not answer. Is greenroom running? Trying again.", "服务没有回应。greenroom 在运行吗？正在重试。"],
  emptyHouse: ["There is no persona here yet. Put a persona file into the cast folder.", "这里还没有角色。请在角色文件夹中放入角色文件。"],

  // conversations
  talks: ["Conversations", "对话记录"],
  newTalk: ["New conversation", "新的对话"],
  noTalks: ["No earlier conversations with {name}.", "还没有和{name}聊过。"],
  turns: [(f) => plural(f.n, "exchange", "exchanges"), "{n} 轮"],
  untitled: ["A conversation not yet begun", "还没有开始的对话"],
  thisTalk: ["open now", "当前"],

  // memory
  memory: ["What {name} remembers", "{name}记得的事"],
  memoryLead: ["Everything {name} has kept of you. Correct it, or have it forgotten.", "{name}记住的关于你的一切。可以更正，也可以忘掉。"],
  noMemory: ["{name} has kept nothing yet. Memories form once you have talked for a while.", "{name}还没有记住什么。聊一会儿之后就会有记忆。"],
  toldOn: ["You said on {date}", "你在{date}说"],
  toldByPersona: ["{name} said on {date}", "{name}在{date}说"],
  keptOn: ["Kept from {date}", "记于{date}"],
  correct: ["Correct", "更正"],
  forget: ["Forget", "忘掉"],
  reallyForget: ["Forget for good?", "确定忘掉？"],
  source: ["Where it comes from", "来自哪里"],
  elsewhere: ["That was said in another conversation.", "那是在另一段对话中说的。"],
  correctLabel: ["What is right instead", "正确的内容"],
  save: ["Save", "保存"],
  search: ["Find a memory", "查找记忆"],
  noneFound: ["Nothing like that is kept.", "没有这样的记忆。"],
  teach: ["Let what I say help {name}'s next training", "允许用我说的话训练下一个{name}"],
  teachHow: ["Off unless you switch it on. Names, addresses and numbers are taken out first. Switching it off takes back what was not yet used.", "默认关闭。使用前会去掉姓名、地址和号码。关闭后，尚未使用的内容不再使用。"],
  exportAll: ["Export everything", "导出全部"],
  forgetMe: ["Forget me", "忘记我"],
  forgetMeAsk: ["This erases what was said and what is remembered. It can't be undone.", "这会删除说过的话和所有记忆，无法恢复。"],
  forgetHere: ["{name} forgets me", "让{name}忘记我"],
  forgetAll: ["Everyone here forgets me", "让所有角色忘记我"],
  receipt: ["Receipt", "回执"],
  erasedAt: ["Erased on {date}", "删除于{date}"],
  erasedNothing: ["There was nothing to erase.", "没有需要删除的内容。"],
  receiptTurns: ["exchanges", "对话轮次"],
  receiptUtterances: ["things you said", "你说过的话"],
  receiptMemories: ["memories", "记忆"],
  receiptStatements: ["statements", "陈述"],
  receiptTalks: ["conversations", "对话"],
  receiptOthers: [(f) => `Others said some of the same words: they still stand in ${plural(f.n, "file", "files")} of theirs.`, "别人也说过其中一些话，仍保留在他们的 {n} 个文件中。"],
  receiptLeft: ["left over, counted again", "复查后剩余"],
  receiptVectors: ["vectors in the index", "索引向量"],
  receiptFeedback: ["thumbs", "评价"],
  receiptConsents: ["permissions to learn from you", "训练许可"],
  receiptReviews: ["replies kept for training", "留作训练的回复"],

  // first contact
  noticeTitle: ["Before you begin", "开始之前"],
  noticeAi: ["{name} is an AI character, not a person. Some of what you will read is made up.", "{name}是 AI 角色，不是真人，说的话有些是虚构的。"],
  noticeMemory: ["What you tell {name} is remembered. You can see it, correct it and erase it at any time.", "你告诉{name}的事会被记住。你随时可以查看、更正和删除。"],
  noticeSee: ["See what is remembered", "看看记住了什么"],
  noticeDone: ["I understand", "知道了"],

  // why
  whyRecalled: ["What came to mind", "想起了什么"],
  whyNothing: ["Nothing in particular was recalled.", "没有特别想起什么。"],
  whyLore: ["Lore that came up", "用到的设定"],
  whyWindow: ["How full the window was", "上下文窗口的占用"],
  windowUsed: ["{used} of {limit} tokens", "{used} / {limit} 个词元"],
  windowDropped: [(f) => `${plural(f.n, "older line was", "older lines were")} left out.`, "省略了 {n} 条较早的内容。"],
  whyEngine: ["What gave the words", "台词由谁生成"],
  noLora: ["no LoRA", "没有 LoRA"],
  whyTimings: ["How long each step took", "每一步用了多久"],
  recall: ["remembering", "回忆"],
  lore: ["lore", "设定"],
  render: ["putting the prompt together", "组织提示词"],
  first_token: ["first word", "第一个字"],
  speech: ["speaking", "说话"],
  mood: ["mood", "情绪"],
  remember: ["keeping it in mind", "记住"],
  total: ["all in all", "总计"],
  whyPrompt: ["The prompt, as it was sent", "发送的完整提示词"],
  likeness: ["likeness {n}", "相似度 {n}"],
  sure: ["{n} % sure", "{n}% 确定"],
  whyGone: ["This can no longer be explained.", "已经无法解释这句话了。"],

  // settings
  settings: ["Settings", "设置"],
  language: ["Language", "语言"],
  theme: ["Light", "明暗"],
  themeAuto: ["As the system", "跟随系统"],
  themeDark: ["Dark", "深色"],
  themeLight: ["Light", "浅色"],
  yourName: ["What you are called here", "这里怎么称呼你"],
  keys: ["Keys", "快捷键"],
  keySend: ["send", "发送"],
  keyLine: ["new line", "换行"],
  keyEdit: ["edit your last words", "修改上一句"],
  keyStop: ["stop the reply", "停止回复"],
  keyAgain: ["another reply", "换一个回复"],
};

/** The page's words for `key`, with `{facts}` filled in. An unknown key is our own mistake, so it throws. */
export function say(key, facts = {}, language = document.documentElement.lang) {
  const found = CATALOGUE[key][language === "zh" ? 1 : 0];
  if (typeof found === "function") return found(facts);
  return found.replace(/\{(\w+)\}/g, (_, name) => facts[name]);
}

/** A date as this reader writes it: in the page's language, with the habits of their country where it has that language. */
export function written(at, options) {
  const language = document.documentElement.lang;
  const habits = navigator.languages.find((locale) => locale.startsWith(language)) ?? language;
  return new Date(at).toLocaleString(habits, options);
}

export const clock = (at) => written(at, { hour: "2-digit", minute: "2-digit" });
export const date = (at) => {
  const sameYear = new Date(at).getFullYear() === new Date().getFullYear();
  return written(at, { day: "numeric", month: "long", year: sameYear ? undefined : "numeric" });
};

/** The day as people say it: today, yesterday, or the date. */
export function day(at) {
  const days = Math.round((midnight(new Date()) - midnight(new Date(at))) / 86_400_000);
  return days === 0 ? say("today") : days === 1 ? say("yesterday") : date(at);
}

const midnight = (at) => new Date(at.getFullYear(), at.getMonth(), at.getDate()).getTime();
