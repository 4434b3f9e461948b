// Speech of the browser, where it has any. Whatever is spoken also stands as text in the live region.
export const silence = () => window.speechSynthesis?.cancel();

export function speak(text, lang, slow, after = false) {
  if (!window.speechSynthesis) return;
  if (!after) silence();
  const words = new SpeechSynthesisUtterance(text);
  words.lang = lang === "zh-Hans" ? "zh-CN" : lang;
  words.rate = slow ? 0.75 : 1;
  window.speechSynthesis.speak(words);
}
