// Line icons, drawn with a stroke on a 24 × 24 grid.

export const ALERT = "M12 3.5a8.5 8.5 0 1 0 0 17a8.5 8.5 0 1 0 0-17M12 8v5M12 16v.2";
export const ARCHIVE = "M4.5 4.5h15v4h-15zM6 8.5v11h12v-11M10 12.5h4";
export const BACK = "M15 5l-7 7 7 7";
export const BELL =
  "M6 16.5h12c-1.4-1.4-1.8-2.8-1.8-5.5a4.2 4.2 0 0 0-8.4 0c0 2.7-.4 4.1-1.8 5.5zM10 19.5a2 2 0 0 0 4 0";
export const BELL_OFF =
  "M6 16.5h12c-1.4-1.4-1.8-2.8-1.8-5.5a4.2 4.2 0 0 0-8.4 0c0 2.7-.4 4.1-1.8 5.5zM10 19.5a2 2 0 0 0 4 0M4 4l16 16";
export const BLOCK = "M12 3.5a8.5 8.5 0 1 0 0 17a8.5 8.5 0 1 0 0-17M6 6l12 12";
export const CHECK = "M5 12.5l4.5 4.5L19 7.5";
export const CHECKS = "M1.5 12.5L6 17l9.5-9.5M10.5 15.7l1.3 1.3l9.7-9.5";
export const CLIP =
  "M19 11.5l-7.3 7.3a4.6 4.6 0 0 1-6.5-6.5l7.6-7.6a3.1 3.1 0 0 1 4.4 4.4l-7.5 7.5a1.6 1.6 0 0 1-2.2-2.2l6.7-6.7";
export const CLOCK = "M12 3.5a8.5 8.5 0 1 0 0 17a8.5 8.5 0 1 0 0-17M12 8v4.5l3 2";
export const CLOSE = "M6 6l12 12M18 6L6 18";
export const CODE = "M9 7.5L4.5 12L9 16.5M15 7.5l4.5 4.5l-4.5 4.5";
export const COMPOSE = "M12 5v14M5 12h14";
export const COPY = "M9 9h10v10H9zM15 9V5H5v10h4";
export const DEVICE = "M3.5 5h17v11h-17zM8.5 20h7M12 16v4";
export const DOWNLOAD = "M12 4v11M7 10.5l5 5l5-5M5 19.5h14";
export const DOWN = "M12 5v14M6 13l6 6 6-6";
export const DOWN_SMALL = "M7 10l5 5 5-5";
export const EYE =
  "M3 12c2.2-4 5.3-6 9-6s6.8 2 9 6c-2.2 4-5.3 6-9 6s-6.8-2-9-6M12 9.3a2.7 2.7 0 1 0 0 5.4a2.7 2.7 0 1 0 0-5.4";
export const FILE = "M6.5 3.5h7l4 4v13h-11zM13.5 3.5v4h4";
export const FILE_TEXT = "M6.5 3.5h7l4 4v13h-11zM13.5 3.5v4h4M9.5 12h5M9.5 16h5";
export const FILM = "M4 5.5h16v13H4zM10.5 9v6l5-3z";
export const GLOBE =
  "M12 3.5a8.5 8.5 0 1 0 0 17a8.5 8.5 0 1 0 0-17M3.5 12h17M12 3.5c2.6 2.4 3.8 5.2 3.8 8.5s-1.2 6.1-3.8 8.5c-2.6-2.4-3.8-5.2-3.8-8.5s1.2-6.1 3.8-8.5";
export const HIDE = "M3 12c2.2-4 5.3-6 9-6s6.8 2 9 6c-2.2 4-5.3 6-9 6s-6.8-2-9-6M4.5 4.5l15 15";
export const KEY = "M8 11.5a4 4 0 1 0 0 8a4 4 0 1 0 0-8M11 12.5L19.5 4M16 7.5l3 3";
export const LEAVE = "M14 4H6v16h8M11 12h9M17 8.5l3.5 3.5-3.5 3.5";
export const LINK =
  "M10 14.5a4 4 0 0 0 5.8.3l3-3a4.1 4.1 0 0 0-5.8-5.8l-1.3 1.2M14 9.5a4 4 0 0 0-5.8-.3l-3 3a4.1 4.1 0 0 0 5.8 5.8l1.3-1.2";
export const LIST = "M4 6.5h16M4 12h16M4 17.5h16";
export const MENTION = "M16 12a4 4 0 1 1-8 0a4 4 0 1 1 8 0V13.2a2.6 2.6 0 0 0 5.2 0V12a9.2 9.2 0 1 0-3.6 7.3";
export const MESSAGE = "M4 5.5h16v11h-9L6.5 20v-3.5H4z";
export const MOON = "M19.5 14.5A8 8 0 0 1 9.5 4.5a8 8 0 1 0 10 10z";
export const MORE = "M6 12v.1M12 12v.1M18 12v.1";
export const NEXT = "M9 5l7 7-7 7";
export const PENCIL = "M4.5 19.5l1-4L16 5l3 3L8.5 18.5zM13.5 7.5l3 3";
export const PEOPLE =
  "M9 11a3.5 3.5 0 1 0 0-7a3.5 3.5 0 1 0 0 7M2.5 20c0-4 3-6 6.5-6s6.5 2 6.5 6M16 4.3a3.5 3.5 0 0 1 0 6.4M18 14.6c2.1.8 3.5 2.6 3.5 5.4";
export const PERSON = "M12 11.5a4 4 0 1 0 0-8a4 4 0 1 0 0 8M4.5 20.5c0-4.2 3.4-6.5 7.5-6.5s7.5 2.3 7.5 6.5";
export const PICTURE =
  "M4 5h16v14H4zM4 16.5l4.5-4.5l4 4l3-3l4.5 4.5M15.5 8.2a1.2 1.2 0 1 0 0 2.4a1.2 1.2 0 1 0 0-2.4";
export const PICTURE_OFF = "M4 5h16v14H4zM8 9l8 6M16 9l-8 6";
export const PIN = "M8.5 4h7M10 4l-.5 6L6 14h12l-3.5-4L14 4M12 14v6.5";
export const REPLY = "M10 6l-6 5.5 6 5.5M4.5 11.5H14c3.5 0 5.5 2 5.5 6.5";
export const SEARCH = "M10.5 4a6.5 6.5 0 1 0 0 13a6.5 6.5 0 1 0 0-13M15.5 15.5L20 20";
export const SELECT = "M9 4H7M17 4h-2M9 20H7M17 20h-2M12 4v16M12 4a3 3 0 0 0-3 0M12 4a3 3 0 0 1 3 0";
export const SHEET = "M4.5 4.5h15v15h-15zM4.5 9.5h15M4.5 14.5h15M10 4.5v15";
export const SLIDES = "M3.5 5h17v11h-17zM12 16v4M8.5 20h7";
export const SEND = "M4.5 12h14M12.5 6l6 6-6 6";
export const SETTINGS = "M4 7h10M18 7h2M4 17h2M10 17h10M16 4.8v4.4M8 14.8v4.4";
export const SMILE =
  "M12 3.5a8.5 8.5 0 1 0 0 17a8.5 8.5 0 1 0 0-17M9 9.8v.2M15 9.8v.2M8.2 14c.9 1.5 2.2 2.3 3.8 2.3s2.9-.8 3.8-2.3";
export const SOUND = "M9 17.5V5.5l10-2v12M9 17.5a2.5 2.5 0 1 1-5 0a2.5 2.5 0 1 1 5 0M19 15.5a2.5 2.5 0 1 1-5 0a2.5 2.5 0 1 1 5 0";
export const SUN =
  "M12 8a4 4 0 1 0 0 8a4 4 0 1 0 0-8M12 2.8v2M12 19.2v2M2.8 12h2M19.2 12h2M5.5 5.5l1.4 1.4M17.1 17.1l1.4 1.4M18.5 5.5l-1.4 1.4M6.9 17.1l-1.4 1.4";
export const TRASH = "M4 7h16M9 7V4h6v3M6.5 7l1 13h9l1-13";
export const UNPIN = "M8.5 4h7M10 4l-.5 6L6 14h12l-3.5-4L14 4M12 14v6.5M4 3.5l17 17";
export const ZOOM_IN = "M10.5 4a6.5 6.5 0 1 0 0 13a6.5 6.5 0 1 0 0-13M15.5 15.5L20 20M7.5 10.5h6M10.5 7.5v6";
export const ZOOM_OUT = "M10.5 4a6.5 6.5 0 1 0 0 13a6.5 6.5 0 1 0 0-13M15.5 15.5L20 20M7.5 10.5h6";
