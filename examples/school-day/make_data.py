#!/usr/bin/env python3
"""Writes data/: institutions, courses, timetable and students of the three products.

The same script gives the same files: names are drawn from a seeded generator. Run it in this folder after a change here.
"""
import csv
import pathlib
import random

SURNAMES = "王李张刘陈杨黄赵吴周徐孙马朱胡郭何林罗高梁郑谢宋唐许邓韩冯曹彭曾肖田董潘袁蔡蒋余"
GIVEN = ["子涵", "雨桐", "浩然", "欣怡", "梓轩", "诗涵", "宇航", "佳怡", "思远", "可馨", "俊杰", "梦琪", "天佑", "若曦", "明轩",
         "语嫣", "博文", "静怡", "嘉豪", "雅婷", "睿", "悦", "晨", "琳", "昊", "妍", "泽宇", "芷若", "一诺", "沐阳"]
WEEKDAYS = ["MONDAY", "TUESDAY", "WEDNESDAY", "THURSDAY", "FRIDAY", "SATURDAY", "SUNDAY"]

# product: (prefix, students, grades, seats of a class, institutions, [(course, level, price in yuan)])
PRODUCTS = {
    "ketang": ("KT", 240, (1, 12), 60,
               [("星海编程学院", "深圳"), ("墨池书画", "杭州"), ("启明考研", "北京"), ("万卷语言中心", "成都")],
               [("Python 从零开始", "入门", "199.00"), ("C++ 系统编程", "进阶", "899.00"), ("行楷三十讲", "入门", "129.90"),
                ("山水画基础", "入门", "259.00"), ("考研数学强化班", "强化", "1280.00"), ("考研英语阅读", "强化", "680.50"),
                ("商务日语", "中级", "459.00"), ("法语发音", "入门", "99.99")]),
    "fudao": ("FD", 470, (1, 12), 200,
              [("辅导自营", "北京")],
              [("三年级数学思维", "三年级", "399.00"), ("五年级语文阅读", "五年级", "349.00"), ("初二物理冲刺", "初二", "599.00"),
               ("初三化学冲刺", "初三", "629.00"), ("高一数学同步", "高一", "799.00"), ("高三英语总复习", "高三", "999.99")]),
    "kaixinshu": ("KX", 150, (1, 3), 6,
                  [("开心鼠英语", "上海")],
                  [("自然拼读 L1", "3-4 岁", "88.00"), ("自然拼读 L2", "5-6 岁", "108.00"), ("绘本口语 L1", "5-6 岁", "128.00"),
                   ("绘本口语 L2", "7-8 岁", "0.01")]),
}

# product: (course, level, price, weekday, start, students): an open lesson 公开课, in which most students enrol besides, or instead.
OPEN_LESSONS = {"fudao": ("高考志愿公开课", "高三", "0.10", "MONDAY", "09:00", 430)}


def write_csv(path, header, rows):
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(header)
        writer.writerows(rows)


def write_timetable(path, classes):
    lines = ["# Timetable 课表: the classes that students enrol in. A canceled class is refunded to all of them.", "classes:"]
    for row in classes:
        for i, (key, value) in enumerate(row.items()):
            lines.append(("  - " if i == 0 else "    ") + f"{key}: {value}")
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")


def add_open_lesson(product, prefix, courses, course_ids, institution_ids, classes):
    if product not in OPEN_LESSONS:
        return "", 0
    name, level, price, weekday, start, count = OPEN_LESSONS[product]
    courses.append((name, level, price))
    course_ids.append(f"{prefix}-K{len(courses):02d}")
    class_id = f"{prefix}-C{len(classes) + 1:03d}"
    classes.append({"class_id": class_id, "course_id": course_ids[-1], "teacher": "林老师", "weekday": weekday, "start": f'"{start}"',
                    "length": "45m", "seats": 1000, "open_lesson": "true"})
    return class_id, count


def make_product(product, spec):
    prefix, student_count, grades, seats, institutions, courses = spec
    rng = random.Random(product)
    folder = pathlib.Path("data") / product
    folder.mkdir(parents=True, exist_ok=True)
    institution_ids = [f"{prefix}-I{i + 1}" for i in range(len(institutions))]
    write_csv(folder / "institutions.csv", ["institution_id", "name", "city"],
              [(institution_ids[i], *row) for i, row in enumerate(institutions)])
    course_ids = [f"{prefix}-K{i + 1:02d}" for i in range(len(courses))]
    courses = list(courses)

    class_count = max(len(courses), -(-student_count * 5 // (4 * seats)))
    class_ids = [f"{prefix}-C{i + 1:03d}" for i in range(class_count)]
    classes = []
    for i, class_id in enumerate(class_ids):
        row = {"class_id": class_id, "course_id": course_ids[i % len(courses)],
               "teacher": rng.choice(SURNAMES) + "老师", "weekday": rng.choice(WEEKDAYS),
               "start": f'"{rng.choice(["09:00", "10:30", "14:00", "18:30", "20:00"])}"', "length": "45m", "seats": seats}
        if i % 9 == 4:
            row["canceled"] = "true"
        classes.append(row)
    open_class, open_count = add_open_lesson(product, prefix, courses, course_ids, institution_ids, classes)
    write_csv(folder / "courses.csv", ["course_id", "institution_id", "name", "level", "price_yuan"],
              [(course_ids[i], institution_ids[min(i * len(institutions) // len(spec[5]), len(institutions) - 1)], *row)
               for i, row in enumerate(courses)])
    write_timetable(folder / "timetable.yaml", classes)

    free = {class_id: seats for class_id in class_ids}
    students = []
    for i in range(student_count):
        # Spread over the file, so that a part of the students is in the same proportion.
        if (i + 1) * open_count // student_count > i * open_count // student_count:
            students.append((f"{prefix}-S{i + 1:04d}", rng.choice(SURNAMES) + rng.choice(GIVEN), rng.randint(*grades), open_class))
            continue
        wanted = rng.sample(class_ids, 2 if rng.random() < 0.15 else 1)
        taken = [c for c in wanted if free[c] > 0] or [max(free, key=free.get)]
        for class_id in taken:
            free[class_id] -= 1
        students.append((f"{prefix}-S{i + 1:04d}", rng.choice(SURNAMES) + rng.choice(GIVEN),
                         rng.randint(*grades), ";".join(taken)))
    write_csv(folder / "students.csv", ["student_id", "name", "grade", "class_ids"], students)


for name, spec in PRODUCTS.items():
    make_product(name, spec)
