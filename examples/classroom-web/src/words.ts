import { computed, ref } from "vue";

const words = {
  zh: {
    title: "课堂", signIn: "进入课堂", name: "姓名（字母和数字）", teacher: "我是老师", signOut: "退出", rooms: "班级", people: "在线", nobody: "还没有人",
    connecting: "正在连接…", connected: "已连接", disconnected: "连接断开", again: "正在重新连接…", stopped: "已断开，不再自动连接", reconnect: "重新连接",
    write: "说点什么…", send: "发送", like: "点赞", noMessages: "还没有消息，打个招呼吧。", missed: "离开太久，有些消息可能没有收到；下面是最近的消息。",
    rollCall: "点名", callRoll: "发起点名", rollCallText: "老师在点名", here: "到！", confirming: "确认中…", confirmed: "已确认", noRollCall: "现在没有点名",
    confirmedOf: (n: number, all: number) => `${n} / ${all} 人已确认`, waiting: "未确认", language: "English",
  },
  en: {
    title: "Classroom", signIn: "Enter the classroom", name: "Name (letters and digits)", teacher: "I am the teacher", signOut: "Leave", rooms: "Classes", people: "Here now", nobody: "Nobody yet",
    connecting: "Connecting…", connected: "Connected", disconnected: "Connection lost", again: "Connecting again…", stopped: "Disconnected for good", reconnect: "Connect again",
    write: "Say something…", send: "Send", like: "Like", noMessages: "No messages yet. Say hello.", missed: "You were away for long, some messages may be missing; these are the latest.",
    rollCall: "Roll call", callRoll: "Call the roll", rollCallText: "The teacher calls the roll", here: "Here!", confirming: "Confirming…", confirmed: "Confirmed", noRollCall: "No roll call now",
    confirmedOf: (n: number, all: number) => `${n} of ${all} confirmed`, waiting: "not yet", language: "中文",
  },
};

export type Language = keyof typeof words;
export const language = ref<Language>((localStorage.getItem("classroom.language") as Language | null) ?? (navigator.language.startsWith("zh") ? "zh" : "en"));
export const t = computed(() => words[language.value]);

export function toggleLanguage(): void {
  language.value = language.value === "zh" ? "en" : "zh";
  localStorage.setItem("classroom.language", language.value);
  document.documentElement.lang = language.value === "zh" ? "zh-CN" : "en";
  document.title = t.value.title;
}
